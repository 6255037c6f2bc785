"""What a cell says, as plain text: escape sequences and control characters are taken out.

Sequences are those of ECMA-48 (CSI, OSC and two-character ones); a lone carriage return, as of progress bars, ends a
line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from nbformat import NotebookNode

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)
_COLOURS = re.compile(r"(\x1b\[[0-9;]*m)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NEWLINES = re.compile(r"\r+\n?")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_SHOWN = ("display_data", "execute_result", "update_display_data")


def clean(text: str) -> str:
    """`text` without escape sequences, control characters other than tab and newline, and lone surrogates."""
    text = _CONTROLS.sub("", _NEWLINES.sub("\n", _ESCAPES.sub("", text)))
    return text.encode("utf-8", "replace").decode("utf-8")


def colours_only(text: str) -> str:
    """`text` with the escape sequences that choose colours, without the others and without control characters."""
    parts = _COLOURS.split(text)
    return "".join(part if at % 2 else clean(part) for at, part in enumerate(parts))


def size(message: dict[str, Any]) -> int:
    """How many characters a message would add to the notebook."""
    content = message["content"]
    if message["msg_type"] == "stream":
        return len(content.get("text", ""))
    if message["msg_type"] in _SHOWN:
        return sum(len(str(value)) for value in content.get("data", {}).values())
    return 0


def of_message(message: dict[str, Any]) -> str:
    """Plain text of a kernel's message, or none (https://jupyter-client.readthedocs.io/en/stable/messaging.html)."""
    kind, content = message["msg_type"], message["content"]
    if kind == "stream":
        return clean(joined(content.get("text", "")))
    if kind in _SHOWN:
        data = content.get("data", {})
        text = clean(joined(data.get("text/plain") or data.get("text/markdown") or ""))
        return text if not text or text.endswith("\n") else text + "\n"
    if kind == "error":
        lines = content.get("traceback") or [f"{content.get('ename')}: {content.get('evalue')}"]
        return clean("\n".join(lines)) + "\n"
    return ""


def titles(cells: Sequence[NotebookNode]) -> dict[int, str]:
    """A title for each cell that will run, by its index: the heading above it, its first comment, or its first line."""
    found: dict[int, str] = {}
    heading = ""
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            above = _HEADING.findall(cell.source)
            heading = above[-1] if above else heading
        elif cell.cell_type == "code" and cell.source.strip():
            first = cell.source.strip().splitlines()[0]
            found[index] = clean(heading or first.lstrip("# "))[:120]
            heading = ""
    return found


def joined(text: object) -> str:
    """Text that nbformat may keep as a list of lines."""
    return "".join(str(part) for part in text) if isinstance(text, list) else str(text)
