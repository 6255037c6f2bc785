"""Notebook files, whole and broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.adapters.papermill_runs import files
from conductor_core.errors import InputError
from tests.fakes.notebook_files import write_notebook


def test_it_reads_a_notebook_and_gives_every_cell_tags(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "print(1)", title="T")
    document = json.loads(path.read_text())
    del document["cells"][0]["metadata"]["tags"], document["cells"][1]["id"]
    path.write_text(json.dumps(document))
    assert [cell.metadata.tags for cell in files.read(path).cells] == [[], []]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"{}",
        b'{"nbformat": 4}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": "x"}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}',
        b'{"nbformat": 99, "nbformat_minor": 5, "metadata": {}, "cells": []}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_notebook_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError, match="not a notebook") as caught:
        files.parse(data, "Notebook x")
    assert "jupytext --sync" in caught.value.next


def test_a_notebook_over_the_cap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    with path.open("wb") as file:
        file.truncate(files.BYTE_CAP + 1)
    with pytest.raises(InputError, match="32 MiB"):
        files.read(path)
