"""One value of a YAML text put in its place, the rest left as it is, comments and all.

Whoever calls compares what the text means afterwards: an anchor may have carried the value elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from conductor_core.adapters.yaml_documents.syntax import Dumper, StrictLoader, key_of

Scalar = str | int | float


def leaves(text: str, path: tuple[str, ...], value: object) -> str:
    """The text with each scalar that differs below the path put in place; unchanged where more than scalars differ."""
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()
        for name in path:
            pairs = node.value if isinstance(node, MappingNode) else []
            node = next((v for k, v in pairs if key_of(k) == name), None)
        if node is None:
            return text
        edits = list(_differing(node, loader.construct_object(node, deep=True), value))
    except _ShapeError:
        return text
    finally:
        loader.dispose()
    for leaf, wanted in sorted(edits, key=lambda e: e[0].start_mark.index, reverse=True):
        text = _inline(text.splitlines(keepends=True), leaf, wanted)
    return text


class _ShapeError(Exception):
    """More than scalars differ."""


def _differing(node: Node, old: object, new: object) -> Iterator[tuple[ScalarNode, Scalar]]:
    if isinstance(node, ScalarNode) and isinstance(new, str | int | float):
        if (type(old), old) != (type(new), new):
            yield node, new
    elif isinstance(node, MappingNode) and isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key, inner in node.value:
            if key_of(key) in new:
                yield from _differing(inner, old[key_of(key)], new[key_of(key)])
    elif isinstance(node, SequenceNode) and isinstance(new, list) and len(node.value) == len(new):
        for inner, was, wanted in zip(node.value, old if isinstance(old, list) else [], new, strict=True):
            yield from _differing(inner, was, wanted)
    elif old != new:
        raise _ShapeError


def whole(text: str, path: tuple[str, ...], value: object) -> str:
    """The text with the value at the path written anew, in block style where it has parts."""
    node = yaml.compose(text, Loader=StrictLoader)
    lines = text.splitlines(keepends=True)
    depth, key, inline = 0, None, False
    while depth < len(path) and isinstance(node, MappingNode):
        inline = inline or bool(node.flow_style)
        found = next(((k, v) for k, v in node.value if key_of(k) == path[depth]), None)
        if found is None:
            break
        (key, node), depth = found, depth + 1
    if depth == len(path) and inline and isinstance(node, ScalarNode) and isinstance(value, str | int):
        return _inline(lines, node, value)
    if depth == len(path) and key is not None and node is not None:
        start, end = key.start_mark, _end(node)
        tail = lines[end.line][end.column :] if end.line < len(lines) else ""
        comment = tail.rstrip("\n") if tail.lstrip().startswith("#") else ""
        made = _block({path[-1]: value}, start.column)
        made = made.rstrip("\n") + ("  " + comment.strip() if comment and "\n" not in made.strip() else "") + "\n"
        return "".join([*lines[: start.line], made, *lines[end.line + 1 :]])
    rest: object = value
    for name in reversed(path[depth:]):
        rest = {name: rest}
    column, at = 0, len(lines)
    if key is not None and isinstance(node, MappingNode) and node.value:
        column, at = node.value[0][0].start_mark.column, _end(node).line + 1
    elif key is not None:
        raise yaml.YAMLError(f"{key.value} is empty")
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join([*lines[:at], _block(rest, column), *lines[at:]])


def _inline(lines: list[str], node: ScalarNode, value: Scalar) -> str:
    """The text with one scalar replaced."""
    made = str(yaml.dump([value], Dumper=Dumper, default_flow_style=True, width=1_000_000)).strip()[1:-1]
    start, end = node.start_mark, node.end_mark
    line = f"{lines[start.line][: start.column]}{made}{lines[end.line][end.column :]}"
    return "".join([*lines[: start.line], line, *lines[end.line + 1 :]])


def _block(value: object, column: int) -> str:
    text = str(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000_000))
    return "".join(f"{' ' * column}{line}" for line in text.splitlines(keepends=True))


def _end(node: Node) -> Any:
    """Where a node really ends: the mark of a block collection points behind the comments that follow it."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark
