"""One runbook file as YAML: parsed with caps, checked against the schema, and able to tell the line of what it says.

Security rule 15: safe loader, byte cap (before it comes here), alias cap. Schema: https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

import string
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from conductor_core.domain.runbooks import Parameter

ALIAS_CAP = 10
_SCALARS = ("str", "int", "float", "bool")


class Problem(Exception):
    """Why a file can't be used, as a sentence with what to write."""


@dataclass(frozen=True)
class _Place:
    """A node of the YAML document and the line of its key."""

    node: yaml.Node | None
    line: int


class Document:
    """One parsed file, which can tell the line of what it says."""

    def __init__(self, data: bytes) -> None:
        try:
            text = data.decode("utf-8")
            aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader))
            if aliases > ALIAS_CAP:
                raise Problem(f"It has {aliases} aliases; {ALIAS_CAP} are allowed. Write the values out.")
            loader = _Loader(text)
            try:
                self._root = loader.get_single_node()
                self.fields: Any = loader.construct_document(self._root) if self._root else None
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as bad:
            line = f"Line {bad.problem_mark.line + 1}: " if bad.problem_mark else ""
            raise Problem(
                f"{line}it is not YAML: {bad.problem or bad.context}. Mend the line or quote the text."
            ) from bad
        except (yaml.YAMLError, ValueError, RecursionError) as bad:
            raise Problem(f"It is not YAML: {type(bad).__name__}. Write it as `key: value` lines in UTF-8.") from bad

    def problems(self, schema: Draft202012Validator) -> list[str]:
        """What the schema says against it, by line."""
        rules: Any = schema.schema
        fields = rules["properties"]
        errors = [(self._line(error), _sentence(error, fields)) for error in schema.iter_errors(self.fields)]
        return [f"Line {line}: {text}" for line, text in sorted(errors)[:5]]

    def check_format(self, field: str, parameters: Sequence[Parameter]) -> None:
        """Raise `Problem` unless the field names nothing but declared parameters, plainly."""
        plain = {p.name for p in parameters if p.type in _SCALARS}
        line = self.line(field)
        may = f"Write {{name}} with one of: {', '.join(sorted(plain)) or 'none is declared'}."
        try:
            parts = list(string.Formatter().parse(self.fields[field]))
        except ValueError as bad:
            raise Problem(f"Line {line}: `{field}` is not a format: {bad}. {may}") from bad
        for _, name, spec, conversion in parts:
            if name is not None and (name not in plain or spec or conversion):
                shown = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
                raise Problem(f"Line {line}: `{field}` has {{{shown}}}, which is no parameter of its notebook. {may}")

    def line(self, field: str) -> int:
        """The line of a field, counted from 1."""
        return self._place([field]).line

    def _line(self, error: ValidationError) -> int:
        path: list[object] = list(error.absolute_path)
        if error.validator == "additionalProperties" and not path:
            unknown = _unknown(error)
            path = [unknown[0]] if unknown else path
        return self._place(path).line

    def _place(self, path: Sequence[object]) -> _Place:
        place = _Place(self._root, 1)
        for step in path:
            node = place.node
            if isinstance(node, yaml.MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == step), None)
                if pair is None:
                    break
                place = _Place(pair[1], pair[0].start_mark.line + 1)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                place = _Place(node.value[step], node.value[step].start_mark.line + 1)
        return place


class _Loader(yaml.CSafeLoader):
    """The safe loader; a key that is there twice is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _sentence(error: ValidationError, fields: dict[str, Any]) -> str:
    """What is wrong with a field and what to write, from the words and the example in the schema."""
    instance: Any = error.instance
    if not error.absolute_path:
        if error.validator == "additionalProperties":
            return f"`{', '.join(_unknown(error))}` is no field. Write only: {', '.join(fields)}."
        if error.validator == "required":
            required: Any = error.validator_value
            missing = next(name for name in required if name not in instance)
            return f"`{missing}` is missing. Write `{missing}: {_example(fields, missing)}."
        return "It holds no fields. Write `key: value` lines."
    field = str(error.absolute_path[0])
    is_now = repr(instance)
    is_now = is_now if len(is_now) < 60 else is_now[:60] + "..."
    return f"`{field}` can't be {is_now}. Write `{field}: {_example(fields, field)}."


def _example(fields: dict[str, Any], field: str) -> str:
    return f"{fields[field]['examples'][0]}`: {fields[field]['description']}"


def _unknown(error: ValidationError) -> list[str]:
    rules, instance = error.schema, error.instance
    known = rules["properties"] if isinstance(rules, dict) else {}
    return sorted(str(name) for name in instance if name not in known) if isinstance(instance, dict) else []
