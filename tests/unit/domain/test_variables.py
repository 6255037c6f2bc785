"""Variables as declared, and values for them."""

from __future__ import annotations

import pytest

from conductor_core.domain import variables as v
from conductor_core.errors import InputError

BLOCKS = {
    "size": {"type": "number", "default": 3, "validation": {"condition": "var.size > 0", "error_message": "Positive."}},
    "name": {"type": "string", "description": "Its  name."},
    "key": {"type": "string", "sensitive": True, "default": ""},
    "maybe": {"default": None},
    "firm": {"type": "string", "nullable": False, "default": "x"},
}
KNOWN = v.declared(BLOCKS, "variables.tf", {"name": 1, "size": 4, "key": 9, "maybe": 12, "firm": 15})


def test_variables_come_in_the_order_of_their_file() -> None:
    assert [x.name for x in KNOWN] == ["name", "size", "key", "maybe", "firm"]
    name, size, key, maybe, firm = KNOWN
    assert (name.required, name.description, name.line) == (True, "Its name.", 1)
    assert (size.required, size.default, size.validations[0].message) == (False, 3, "Positive.")
    assert (key.sensitive, maybe.required, maybe.default, firm.nullable) == (True, False, None, False)


def test_given_values_are_typed_and_the_rest_is_left_to_defaults() -> None:
    assert v.accept(KNOWN, {"name": 5, "size": "7", "maybe": None}) == {"name": "5", "size": 7, "maybe": None}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "The variable name has no value"),
        ({"name": "a", "colour": 1}, "no variable 'colour'"),
        ({"name": "a", "size": "big"}, "size can't be a text"),
        ({"name": "a", "firm": None}, "firm can't be null"),
        ({"name": "a", "key": "hunter2"}, "key is sensitive"),
    ],
)
def test_what_is_wrong_is_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        v.accept(KNOWN, given)
    assert "hunter2" not in str(caught.value.diagnostics())


def test_secrets_are_references_until_tofu_gets_them() -> None:
    values = v.accept(KNOWN, {"name": "a", "key": "secret://slack", "maybe": {"deep": ["secret://other"]}})
    assert v.references(values) == {"slack", "other"}
    made = v.resolved(values, {"slack": "s", "other": "o"})
    assert (made["key"], made["maybe"]) == ("s", {"deep": ["o"]})


@pytest.mark.parametrize("block", [[{}, {}], "x", {"type": "strin"}, {"type": "number", "default": "many"}])
def test_a_declaration_that_is_wrong_is_named(block: object) -> None:
    with pytest.raises(InputError):
        v.declared({"x": block}, "variables.tf", {})
