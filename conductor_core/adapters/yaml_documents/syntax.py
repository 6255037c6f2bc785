"""How YAML is loaded and written here: libyaml with the scalars and keys of Kubernetes, and quotes around text that
would be read as something else.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode

from conductor_core.adapters.yaml_documents import scalars

_STR = "tag:yaml.org,2002:str"


class Loader(yaml.CSafeLoader):
    """CSafeLoader with Kubernetes' scalars; mapping keys become text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML declares it so
    unique_keys = False

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        if self.unique_keys:
            self._refuse_twice(node)
        if any(k.tag == "tag:yaml.org,2002:merge" for k, _ in node.value):
            self.flatten_mapping(node)
        out: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            out[key_of(key_node)] = self.construct_object(value_node, deep=True)
        return out

    def _refuse_twice(self, node: MappingNode) -> None:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, ScalarNode):
                if key_of(key_node) in seen:
                    raise ConstructorError(
                        None, None, f"the key {key_node.value!r} is given twice", key_node.start_mark
                    )
                seen.add(key_of(key_node))


class StrictLoader(Loader):
    """One that refuses a key that is given twice."""

    unique_keys = True


class Dumper(yaml.CSafeDumper):
    """Block style; texts of several lines as literal blocks."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: Dumper, text: str) -> ScalarNode:
    return dumper.represent_scalar(_STR, text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _text)


def key_of(node: Node) -> str:
    """The text of a key: `on` is the key `true`, as it is in the cluster."""
    if not isinstance(node, ScalarNode) or node.tag == f"{_TAG}null":
        raise ConstructorError(None, None, "a key must be text", node.start_mark)
    text = str(node.value)
    if node.tag == f"{_TAG}bool":
        return scalars.key(scalars.boolean(text))
    read = scalars.number(text) if node.tag in (f"{_TAG}int", f"{_TAG}float") else text
    return read if isinstance(read, str) else scalars.key(read)


def _number(loader: Loader, node: ScalarNode) -> int | float | str:
    return _finite(node, scalars.number(str(node.value)))


def _fraction(loader: Loader, node: ScalarNode) -> int | float | str:
    return _finite(node, float(scalars.number(str(node.value))))


def _finite(node: ScalarNode, value: int | float | str) -> int | float | str:
    """Helm and kubectl refuse what JSON can't hold."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConstructorError(None, None, f"{node.value} is no number that JSON has", node.start_mark)
    return value


def _boolean(loader: Loader, node: ScalarNode) -> bool:
    return scalars.boolean(str(node.value))


def _binary(loader: Loader, node: ScalarNode) -> str:
    return base64.b64decode(str(node.value)).decode("utf-8", "replace")


_TAG = "tag:yaml.org,2002:"
_NUMBER_FIRST = list("-+0123456789.")
for _tag, _pattern, _first in (
    ("bool", scalars.BOOL, list("tTfFyYnNoO")),
    ("null", scalars.NULL, ["~", "n", "N", ""]),
    ("merge", "<<", ["<"]),
    ("int", scalars.NUMBER, _NUMBER_FIRST),
):
    Loader.add_implicit_resolver(f"{_TAG}{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)
    if _tag != "int":
        # Texts that Kubernetes would read as something else are quoted when written.
        Dumper.add_implicit_resolver(f"{_TAG}{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)
for _pattern in (
    r"[-+]?_*(?:0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|[0-9][0-9_]*)",
    r"[-+]?_*(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9_]+)?",
):
    Dumper.add_implicit_resolver(f"{_TAG}int", re.compile(rf"^(?:{_pattern})$"), _NUMBER_FIRST)
Loader.add_constructor(f"{_TAG}int", _number)
Loader.add_constructor(f"{_TAG}float", _fraction)
Loader.add_constructor(f"{_TAG}bool", _boolean)
Loader.add_constructor(f"{_TAG}binary", _binary)
