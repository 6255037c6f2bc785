"""The room of YAML: libyaml behind the port `Documents`, reading scalars as Kubernetes does, with caps on every
dimension.

Kubernetes reads manifests through sigs.k8s.io/yaml (YAML 1.1 without dates and base 60):
https://pkg.go.dev/sigs.k8s.io/yaml.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from conductor_core.adapters.yaml_documents import splices
from conductor_core.adapters.yaml_documents.syntax import Dumper, Loader, StrictLoader, key_of
from conductor_core.errors import InputError

BYTE_CAP = 16 * 1024 * 1024
NODE_CAP = 1_000_000
DEPTH_CAP = 200
_CACHE_BYTES = 32 * 1024 * 1024
_STRIPES = 64
_BRACKETS = 100
_WILD = re.compile(r"[&?]|^[ ]{40}|(?:-[ \t]+){8}", re.MULTILINE)
"""Anchors, complex keys, deep indentation, or lists in lists on one line. An indentation of 40 is at most 80 levels
deep, for a list may stand below its key without any.
"""
_SEPARATOR = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)


class YamlDocuments:
    """Keeps parsed documents by the digest of their text (32 MB of text at most): a render that changed in one place
    is parsed in one place.
    """

    def __init__(self) -> None:
        self._lock, self._parsing = threading.Lock(), [threading.Lock() for _ in range(_STRIPES)]
        self._kept: OrderedDict[bytes, tuple[int, object]] = OrderedDict()
        self._size = 0

    def load(self, data: bytes, source: str) -> object:
        """See `Documents.load`."""
        return _parse(_decoded(data, source), source, StrictLoader)

    def lines(self, data: bytes, source: str) -> dict[tuple[str, ...], int]:
        """See `Documents.lines`."""
        self.load(data, source)
        out: dict[tuple[str, ...], int] = {}
        root = yaml.compose(_decoded(data, source), Loader=StrictLoader)
        waiting: list[tuple[tuple[str, ...], Node | None]] = [((), root)]
        while waiting:
            at, node = waiting.pop()
            if isinstance(node, MappingNode):
                for key, value in node.value:
                    path = (*at, key_of(key))
                    out[path] = key.start_mark.line + 1
                    waiting.append((path, value))
        return out

    def load_all(self, text: str, source: str) -> tuple[object, ...]:
        """See `Documents.load_all`."""
        if len(text) > BYTE_CAP:
            raise _refusal(source, f"It has {len(text):,} characters; the cap is {BYTE_CAP:,}.")
        out = [self._document(part, source) for part in _SEPARATOR.split(text) if part.strip()]
        return tuple(d for d in out if d is not None)

    def put(self, data: bytes, path: tuple[str, ...], value: object, source: str) -> bytes:
        """See `Documents.put`."""
        before = self.load(data, source)
        if before is not None and _with(before, path, value) == before:
            return data
        text, wanted = data.decode("utf-8"), _with(before, path, value)
        try:
            after = splices.leaves(text, path, value).encode("utf-8")
            if self._reads(after, source) != wanted:
                after = splices.whole(text, path, value).encode("utf-8")
        except yaml.YAMLError as bad:
            raise _refusal(source, str(bad)) from bad
        if self.load(after, source) != wanted:
            raise InputError(
                f"{'.'.join(path)} of {source} can't be changed by itself.",
                why="It is written in a way that other values depend on (an anchor, or a mapping on one line).",
                next="Change it by hand.",
            )
        return after

    def _reads(self, data: bytes, source: str) -> object:
        try:
            return self.load(data, source)
        except InputError:
            return None

    def dump(self, value: object) -> str:
        """See `Documents.dump`."""
        return str(yaml.dump(value, Dumper=Dumper, sort_keys=True, allow_unicode=True, width=1_000_000))

    def _document(self, text: str, source: str) -> object:
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._parsing[key[0] % _STRIPES]:  # two threads that want one document parse it once
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key][1]
            value = _parse(text, source, Loader)
            with self._lock:
                self._kept[key] = (len(text), value)
                self._size += len(text)
                while self._size > _CACHE_BYTES:
                    self._size -= self._kept.popitem(last=False)[1][0]
            return value


def _decoded(data: bytes, source: str) -> str:
    if len(data) > BYTE_CAP:
        raise _refusal(source, f"It has {len(data):,} bytes; the cap is {BYTE_CAP:,}.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise _refusal(source, f"It isn't UTF-8 text: {bad.reason} at byte {bad.start}.") from bad


def _with(tree: object, path: tuple[str, ...], value: object) -> object:
    if not path:
        return value
    inner = dict(tree) if isinstance(tree, dict) else {}
    inner[path[0]] = _with(inner.get(path[0]), path[1:], value)
    return inner


def _parse(text: str, source: str, kind: type[Loader]) -> object:
    try:
        loader = kind(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if _may_be_wild(text) and _expanded(node, {}, set(), 0) > NODE_CAP:
                raise _refusal(source, f"Its aliases expand to more than {NODE_CAP:,} nodes.")
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as bad:
        mark = getattr(bad, "problem_mark", None)
        where = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise _refusal(source, f"{where}{getattr(bad, 'problem', None) or bad}") from bad
    except RecursionError as bad:
        raise _refusal(source, f"It is nested deeper than {DEPTH_CAP} levels.") from bad
    except ValueError as bad:
        raise _refusal(source, f"It holds a number or character that can't be read: {bad}") from bad


def _may_be_wild(text: str) -> bool:
    """Whether a text could hold more nodes, or lie deeper, than is allowed; what can't need not be counted."""
    small = len(text) < NODE_CAP and text.count("{") + text.count("[") < _BRACKETS
    return not small or _WILD.search(text) is not None


def _expanded(node: Node, sizes: dict[int, int], open_nodes: set[int], depth: int) -> int:
    """Number of nodes after aliases are opened; a node that holds itself, or lies too deep, is a RecursionError."""
    if id(node) in sizes:
        return sizes[id(node)]
    if id(node) in open_nodes or depth > DEPTH_CAP:
        raise RecursionError
    open_nodes.add(id(node))
    children: list[Node] = []
    if isinstance(node, SequenceNode):
        children = node.value
    elif isinstance(node, MappingNode):
        children = [n for pair in node.value for n in pair]
    size = 1 + sum(_expanded(c, sizes, open_nodes, depth + 1) for c in children)
    open_nodes.discard(id(node))
    sizes[id(node)] = size
    return size


def _refusal(source: str, why: str) -> InputError:
    return InputError(f"{source} can't be read as YAML.", why=why, next=f"Correct {source} and try again.")
