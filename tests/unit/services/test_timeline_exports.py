"""Timelines to take away: the same rows as CSV and Parquet, and a report that is checked offline."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it has no stubs
import pytest

from conductor_core.adapters.report_files import ReportFiles
from conductor_core.adapters.signing import ed25519
from conductor_core.errors import LedgerError
from conductor_core.services.report_verification import verify_report
from tests.fakes.ledger import SIGNER
from tests.pages import delivery_worlds


def test_the_same_moments_in_each_format(tmp_path: Path) -> None:
    conductor = delivery_worlds.busy(tmp_path).conductor
    exports, moments = conductor.desk.exports, conductor.timelines.of("intelgraph-dev", "intelgraph")
    rows = list(csv.DictReader(io.StringIO(exports.csv(moments).decode())))
    table = pq.read_table(io.BytesIO(exports.parquet(moments))).to_pylist()
    assert [r["what"] for r in rows] == [r["what"] for r in table] == [m.what for m in moments]
    assert table[0]["at"] == moments[0].at


def test_a_signed_report_holds_and_a_changed_one_does_not(tmp_path: Path) -> None:
    conductor = delivery_worlds.busy(tmp_path).conductor
    report = conductor.desk.exports.report(conductor.actor("requester"), "intelgraph-dev", "intelgraph")
    lines = verify_report({"report.json": report}, [SIGNER.key], ed25519)
    assert any(line.startswith("timeline.csv was signed") for line in lines)
    assert [row.event.type for row in conductor.memory.events(kind="conductor.report.")] == ["conductor.report.made.v1"]
    with pytest.raises(LedgerError):
        verify_report({"report.json": report.replace(b'"payload":"e', b'"payload":"f')}, [SIGNER.key], ed25519)


def test_a_signed_report_is_kept_with_the_others_and_names_its_rows(tmp_path: Path) -> None:
    conductor = delivery_worlds.busy(tmp_path).conductor
    kept = ReportFiles(tmp_path / "reports")
    sealed = conductor.desk.exports.report(conductor.actor("requester"), "intelgraph-dev", "intelgraph")
    ((report_id, names),) = kept.all()
    assert names == ["report.json", "timeline.csv"]
    assert kept.get(report_id, "report.json") == sealed
    files = {name: kept.get(report_id, name) for name in names}
    assert "timeline.csv is the file that was signed" in verify_report(files, [SIGNER.key], ed25519)
    (made,) = conductor.memory.events(kind="conductor.report.")
    assert made.event.subject == report_id
    assert set(made.event.data["files"]) == set(names)  # type: ignore[call-overload]  # a map
    files["timeline.csv"] += b"x"
    with pytest.raises(LedgerError, match="report does not hold"):
        verify_report(files, [SIGNER.key], ed25519)
