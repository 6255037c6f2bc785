"""Type expressions as HCL's parser gives them: on one line, without comments."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain.hcl_types import Attribute, Type
from conductor_core.domain.type_text import parse
from conductor_core.errors import InputError
from tests.examples import examples

SIMPLE = st.sampled_from(["string", "number", "bool", "any"]).map(Type)  # type: ignore[arg-type]  # kinds
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True).filter(lambda n: n not in ("optional",))
DEFAULTS: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers(0, 99) | st.text('ab" \\{}=,', max_size=5) | st.just([]) | st.just({})
)


def _bigger(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    collection = st.builds(lambda k, t: Type(k, t), st.sampled_from(["list", "set", "map"]), inner)
    attribute = st.builds(Attribute, NAMES, inner, st.just(True), DEFAULTS) | st.builds(Attribute, NAMES, inner)
    objects = st.lists(attribute, max_size=3, unique_by=lambda a: a.name).map(
        lambda found: Type("object", attributes=tuple(found))
    )
    return collection | objects | st.lists(inner, max_size=3).map(lambda found: Type("tuple", items=tuple(found)))


@settings(max_examples=examples(60), deadline=None)
@given(st.recursive(SIMPLE, _bigger, max_leaves=8))
def test_what_is_written_is_read_again(wanted: Type) -> None:
    assert parse(str(wanted)) == wanted


def test_fields_without_commas_and_old_quotes_are_read() -> None:
    text = 'object({ a = string b = optional(map(number), { x = 1 }) "q-w" = bool c = tuple([any]) })'
    assert str(parse(text)) == (
        'object({a = string, b = optional(map(number), {"x": 1}), q-w = bool, c = tuple([any])})'
    )
    assert str(parse('"string"')) == "string"
    assert str(parse("list")) == "list(any)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "strin",
        "list(",
        "list(string",
        "object({a})",
        "object({a = })",
        "map(string) x",
        "object({a = optional(string, f(1))})",
        "list(" * 30 + "any" + ")" * 30,
        "tuple(string)",
        "%",
    ],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="can't be read"):
        parse(text)
