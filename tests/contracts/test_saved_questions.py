"""Saved questions, and sums of our own, answer as PostgreSQL does on the same rows, each engine in its own words."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from conductor_core.adapters.duckdb_audit.first_rows import LARGE
from conductor_core.adapters.postgres import embedded
from tests.bench.audit_questions import INDEXES, PEERS, SUMS
from tests.bench.audit_record import PER_CHANGE, fill_postgres, make_model, now
from tests.bench.bench_audit import compare

CHANGES = 7001
"""As many as it takes to have one of each kind, and to be a long record."""


@pytest.mark.postgres
@pytest.mark.slow  # a database server and tens of thousands of events
def test_both_engines_answer_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert CHANGES * PER_CHANGE > LARGE
    make_model(tmp_path, CHANGES)
    with tempfile.TemporaryDirectory(prefix="conductor-home-") as home:  # a short path: sockets have to fit into it
        try:
            url = embedded.start(Path(home))
            fill_postgres(url, tmp_path, INDEXES)
            compare(tmp_path, url, now(CHANGES))  # asserts that answers are equal
        finally:
            embedded.stop(Path(home))
    told = capsys.readouterr().out
    assert all(name in told for name in (*PEERS, *SUMS))
    assert " 0 rows" not in told, told
