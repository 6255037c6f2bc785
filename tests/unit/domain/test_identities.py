"""Groups become roles; nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain.actors import Role
from conductor_core.domain.identities import actor_of, role_rules
from conductor_core.errors import AccessDeniedError, ConfigurationError

RULES = role_rules("captain=leads; approver=sre, leads;operator=platform")
ALICE = {"iss": "https://id.example", "sub": "alice", "name": "Alice"}


def test_rules() -> None:
    assert RULES[Role.APPROVER] == {"sre", "leads"}
    assert role_rules("") == {}
    assert role_rules("approver=a; approver=b") == {Role.APPROVER: {"a", "b"}}


@pytest.mark.parametrize(
    "text", ["boss=a", "captain", "captain=", "=a", "viewer=a", "captain=a,;approver", "captain:a"]
)
def test_a_bad_rule_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError) as bad:
        role_rules(text)
    assert "captain, " in bad.value.why or "captain" in bad.value.why


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (["leads"], {Role.VIEWER, Role.CAPTAIN, Role.APPROVER}),
        (("platform", "other"), {Role.VIEWER, Role.OPERATOR}),
        ("sre", {Role.VIEWER, Role.APPROVER}),
        (None, {Role.VIEWER}),
        ([["leads"], 7, None], {Role.VIEWER}),
        ({"leads": True}, {Role.VIEWER}),
        ("SRE", {Role.VIEWER}),
    ],
)
def test_groups_give_roles(groups: object, roles: set[Role]) -> None:
    assert actor_of(ALICE | {"groups": groups}, "groups", RULES).roles == roles


def test_the_name_is_for_reading() -> None:
    assert actor_of(ALICE, "groups", RULES).name == "Alice"
    assert actor_of({**ALICE, "name": " ", "email": "a@example"}, "groups", RULES).name == "a@example"
    assert actor_of({"iss": "i", "sub": "s"}, "groups", RULES).name == "s"


@pytest.mark.parametrize("claims", [{}, {"iss": "i"}, {"sub": "s"}, {"iss": "i", "sub": ""}, {"iss": 1, "sub": "s"}])
def test_without_a_subject_there_is_nobody(claims: dict[str, object]) -> None:
    with pytest.raises(AccessDeniedError):
        actor_of(claims, "groups", RULES)


@given(st.text(max_size=60))
def test_any_text_is_rules_or_our_error(text: str) -> None:
    try:
        assert all(groups for groups in role_rules(text).values())
    except ConfigurationError:
        return
