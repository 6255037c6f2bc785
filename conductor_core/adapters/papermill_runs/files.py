"""Reads notebook files (nbformat 4, https://nbformat.readthedocs.io); whatever is wrong with one is our error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from conductor_core.errors import InputError

BYTE_CAP = 32 * 1024 * 1024
_untyped: Any = nbformat  # its functions have no types
_FOREIGN = (ValueError, KeyError, TypeError, AttributeError, RecursionError, nbformat.ValidationError)


def read(path: Path) -> NotebookNode:
    """The notebook at `path`, upgraded to the newest format 4; raises `InputError`."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTE_CAP + 1)
    except OSError as bad:
        raise InputError(
            f"Notebook {path.name} can't be read.",
            why=f"{bad.strerror or bad}.",
            next=f"Check that {path.name} is there and readable.",
        ) from bad
    return parse(data, f"Notebook {path.name}")


def parse(data: bytes, what: str) -> NotebookNode:
    """The notebook in `data`; `what` names it in errors. Raises `InputError`."""
    if len(data) > BYTE_CAP:
        raise _unusable(what, f"It has more than {BYTE_CAP // 2**20} MiB.")
    try:
        raw = json.loads(data)
        _name_cells(raw)
        notebook: NotebookNode = _untyped.v4.upgrade(_untyped.reads(json.dumps(raw), as_version=4))
        _untyped.validate(notebook)
    except _FOREIGN as bad:
        reason = str(bad).strip().splitlines()
        raise _unusable(what, reason[0][:300] if reason else type(bad).__name__) from bad
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    return notebook


def node(**fields: object) -> NotebookNode:
    """A part of a notebook."""
    made: NotebookNode = _untyped.NotebookNode(**fields)
    return made


def write(notebook: NotebookNode) -> bytes:
    """The bytes of a notebook; what is no Unicode in an output is written as an escape of JSON."""
    return str(_untyped.writes(notebook)).encode("utf-8", "backslashreplace")


def _name_cells(raw: Any) -> None:
    """Give cells without an id one, so that nbformat has nothing to warn about."""
    if (raw["nbformat"], raw.get("nbformat_minor", 0)) >= (4, 5):
        for at, cell in enumerate(raw["cells"]):
            cell.setdefault("id", f"cell-{at}")


def _unusable(what: str, why: str) -> InputError:
    return InputError(
        f"{what} is not a notebook that can be used.",
        why=why,
        next="Write it again from its .py with `jupytext --sync notebooks/<name>.py`.",
    )
