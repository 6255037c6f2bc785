"""The room of HCL: text of strangers into plain values, by HashiCorp's own parser (`pygohcl` carries it).

Rule: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md. Expressions that are no literals come as their text.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pygohcl

from conductor_core.errors import InputError

BYTE_CAP = 1024 * 1024
_BLOCK = re.compile(r'^[ \t]*variable[ \t]+"?([\w-]+)"?', re.MULTILINE)
_PLACE = re.compile(r"tmp\.hcl:(\d+),(\d+)(?:-\S+)?: ?")


def blocks(text: str, source: str) -> dict[str, Any]:
    """The blocks and attributes of one file: block type to label to body; raises `InputError` with the line."""
    return _parsed(text, source, whole=True)


def attributes(text: str, source: str) -> dict[str, Any]:
    """The attributes of a file that has nothing else, such as tfvars; JSON when `source` ends in `.json`."""
    if source.endswith(".json"):
        return _json(text, source)
    return _parsed(text, source, whole=False)


def variable_lines(text: str) -> dict[str, int]:
    """The line of each `variable` block, from 1: the parser gives blocks without their places."""
    return {m[1]: text.count("\n", 0, m.start()) + 1 for m in _BLOCK.finditer(text)}


def variable_texts(text: str) -> str:
    """The `variable` blocks of a file as they stand, and nothing else of it."""
    known = set(blocks(text, "a file").get("variable", {}))
    found: list[str] = []
    at = 0
    while (head := _BLOCK.search(text, at)) is not None:
        end = _block_end(text, head.start()) if head[1] in known else 0
        if end:
            known.discard(head[1])
            found.append(text[head.start() : end])
        at = end or head.end()
    return "\n".join(found) + "\n" if found else ""


def _block_end(text: str, start: int) -> int:
    """Where the block that begins at `start` ends: behind the first brace up to which it is whole to the parser."""
    for brace in re.finditer(r"\}", text[start:]):
        end = start + brace.end()
        try:
            pygohcl.loads(text[start:end] + "\n")
        except (pygohcl.HCLParseError, pygohcl.HCLInternalError):
            continue
        return end
    return 0


def _parsed(text: str, source: str, *, whole: bool) -> dict[str, Any]:
    if len(text) > BYTE_CAP or "\0" in text:
        why = "It holds a NUL character." if "\0" in text else f"It is larger than {BYTE_CAP // 1024} KiB."
        raise InputError(f"{source} can't be read as HCL.", why=why, next=f"Correct {source}.")
    try:
        found = pygohcl.loads(text, True) if whole else pygohcl.attributes_loads(text)
    except (pygohcl.HCLParseError, pygohcl.HCLInternalError, ValueError) as bad:
        raise InputError(
            f"{source} can't be read as HCL.", why=_said(str(bad)), next="Correct the line that is named."
        ) from bad
    return found if isinstance(found, dict) else {}


def _json(text: str, source: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as bad:
        raise InputError(f"{source} can't be read as JSON.", why=f"{bad}.", next="Correct it.") from bad
    if not isinstance(found, dict):
        raise InputError(f"{source} holds no values.", why="It is no object.", next='Write {"name": value}.')
    return found


def _said(words: str) -> str:
    words = words.removeprefix("invalid HCL: ")
    return _PLACE.sub(lambda m: f"Line {m[1]}, column {m[2]}: ", words, count=1)
