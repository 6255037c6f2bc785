"""Writes small notebook files for tests."""

from __future__ import annotations

import json
from pathlib import Path


def write_notebook(path: Path, *cells: str, parameters: str = "", title: str = "") -> Path:
    """A notebook at `path`: an optional heading, an optional tagged parameters cell, then code cells."""
    code = [_cell("code", source) for source in cells]
    first = [_cell("code", parameters, ["parameters"])] if parameters else []
    head = [_cell("markdown", f"# {title}")] if title else []
    body = [cell | {"id": f"c{at}"} for at, cell in enumerate(head + first + code)]
    path.write_text(json.dumps({"cells": body, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def _cell(kind: str, source: str, tags: list[str] | None = None) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "metadata": {"tags": tags or []}, "source": source}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})
