"""Type constraints as text, such as `map(object({size = optional(number, 3)}))`, read into `hcl_types.Type`.

Rule: https://opentofu.org/docs/language/expressions/type-constraints/. HCL's own parser has found the text well formed
and taken its comments and line breaks out.
"""

from __future__ import annotations

import json
import re
from typing import Any

from conductor_core.domain.hcl_types import ANY, COLLECTIONS, PRIMITIVES, Attribute, Type
from conductor_core.errors import InputError

DEPTH = 24

_TOKEN = re.compile(r'\s*(?:([A-Za-z_][\w-]*)|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|([(){}\[\],=:]))')
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}


def parse(text: str) -> Type:
    """The type that HCL text such as `map(object({size = optional(number, 3)}))` stands for; raises `InputError`."""
    reader = _Reader(text)
    found = reader.type(0)
    reader.end()
    return found


class _Reader:
    """Tokens of one type expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._refusal(f"{text[at : at + 20].strip()!r} belongs to no type")
            self._tokens.append(found[0].strip())
            at = found.end()
        self._at = 0

    def end(self) -> None:
        """Nothing may follow."""
        if self._at < len(self._tokens):
            raise self._refusal(f"{self._tokens[self._at]!r} follows the type")

    def type(self, depth: int) -> Type:
        """One type."""
        word = self._next()
        if word.startswith('"'):  # types were quoted before HCL 2: "string", "list", "map"
            word = json.loads(word)
        if depth > DEPTH:
            raise self._refusal(f"it is nested deeper than {DEPTH} levels")
        if word in PRIMITIVES:
            return Type(word)  # type: ignore[arg-type]  # one of the kinds
        if word in COLLECTIONS and not self._is("("):
            return Type(word, ANY)  # type: ignore[arg-type]  # one of the kinds
        if word in COLLECTIONS:
            self._expect("(")
            inner = self.type(depth + 1)
            self._expect(")")
            return Type(word, inner)  # type: ignore[arg-type]  # one of the kinds
        if word == "object":
            return self._object(depth)
        if word == "tuple":
            return self._tuple(depth)
        raise self._refusal(f"{word!r} is no type")

    def _object(self, depth: int) -> Type:
        self._expect("(")
        self._expect("{")
        attributes: list[Attribute] = []
        while not self._is("}"):
            name = self._next()
            self._next_of("=", ":")
            attributes.append(self._attribute(name.strip('"'), depth))
            if self._is(","):
                self._next()
        self._expect("}")
        self._expect(")")
        return Type("object", attributes=tuple(attributes))

    def _attribute(self, name: str, depth: int) -> Attribute:
        if not self._is("optional"):
            return Attribute(name, self.type(depth + 1))
        self._next()
        self._expect("(")
        inner, default = self.type(depth + 1), None
        if self._is(","):
            self._next()
            default = self._value(depth)
        self._expect(")")
        return Attribute(name, inner, True, default)

    def _tuple(self, depth: int) -> Type:
        self._expect("(")
        self._expect("[")
        items: list[Type] = []
        while not self._is("]"):
            items.append(self.type(depth + 1))
            if self._is(","):
                self._next()
        self._expect("]")
        self._expect(")")
        return Type("tuple", items=tuple(items))

    def _value(self, depth: int) -> Any:
        """A literal default: text, number, truth, null, list or map."""
        word = self._next()
        if word in _WORDS:
            return _WORDS[word]
        if word == "[":
            items = []
            while not self._is("]"):
                items.append(self._value(depth + 1))
                if self._is(","):
                    self._next()
            self._next()
            return items
        if word == "{":
            found: dict[str, Any] = {}
            while not self._is("}"):
                key = self._next().strip('"')
                self._next_of("=", ":")
                found[key] = self._value(depth + 1)
                if self._is(","):
                    self._next()
            self._next()
            return found
        if word.startswith('"') or _NUMBER.fullmatch(word):
            return json.loads(word)
        raise self._refusal(f"the default {word!r} is no plain value")

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise self._refusal("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _is(self, word: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == word

    def _expect(self, word: str) -> None:
        found = self._next()
        if found != word:
            raise self._refusal(f"{word!r} is expected where {found!r} stands")

    def _next_of(self, *words: str) -> None:
        found = self._next()
        if found not in words:
            raise self._refusal(f"{words[0]!r} is expected where {found!r} stands")

    def _refusal(self, problem: str) -> InputError:
        return InputError(
            f"The type {self._text[:120]!r} can't be read.",
            why=f"{problem[0].upper()}{problem[1:]}.",
            next="Write it as OpenTofu's documentation of type constraints does.",
        )
