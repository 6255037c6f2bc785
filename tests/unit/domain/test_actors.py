"""One identity has one key, however it is spelled."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain.actors import LOCAL_ACTORS, SYSTEM, Actor, Role

NOBODY = frozenset[Role]()
INVISIBLE = [
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u034f",
    "\ufe0f",
    "\u180b",
    "\u3164",
    "\U000e0001",
    "\x7f",
]


def key(issuer: str, subject: str) -> str:
    return Actor(issuer, subject, "any", NOBODY).key


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        ("https://idp.example/", "anna"),
        ("HTTPS://IDP.example", "ANNA"),
        (" https://idp.example// ", "\tAnna\n"),
        ("https://idp.example／", "ａｎｎａ"),
        ("https://idp.exa\u2060mple", "an\u200bna"),
        ("https://idp.example\u200b/", "𝐚𝓷𝕟𝔞"),
    ],
)
def test_spellings_of_one_identity_are_one(issuer: str, subject: str) -> None:
    assert key(issuer, subject) == key("https://idp.example", "anna") == "https://idp.example|anna"


@pytest.mark.parametrize("unseen", INVISIBLE, ids=lambda c: f"U+{ord(c):04X}")
def test_what_nobody_sees_does_not_count(unseen: str) -> None:
    assert key("local", f"{unseen}re{unseen}quester{unseen}") == key("local", "requester")


def test_composed_and_decomposed_letters_are_one() -> None:
    assert key("local", "Zoe\u0308") == key("local", "zo\u00eb")
    assert key("local", "STRASSE") == key("local", "straße")


@pytest.mark.parametrize(
    ("issuer", "subject"), [("local", "anne"), ("other", "anna"), ("local", ""), ("local", "anna2")]
)
def test_different_identities_stay_different(issuer: str, subject: str) -> None:
    assert key(issuer, subject) != key("local", "anna")


@pytest.mark.slow
def test_every_character_normalises_once_and_for_all() -> None:
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs"):
            once = key("local", f"a{chr(code)}b").removeprefix("local|")
            assert key("local", once).removeprefix("local|") == once, hex(code)


@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_normal_forms_do_not_matter(subject: str, form: str) -> None:
    form_of_it = unicodedata.normalize(form, subject)  # type: ignore[arg-type]  # one of the four names
    assert key("local", form_of_it) == key("local", subject)


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_case_does_not_matter(subject: str) -> None:
    assert key("local", subject.upper()) == key("local", subject.lower())


def test_names_and_roles_are_no_part_of_the_key() -> None:
    assert Actor("local", "a", "A", NOBODY).key == Actor("local", "a", "B", frozenset(Role)).key


def test_the_local_identities_have_separate_duties() -> None:
    assert LOCAL_ACTORS["requester"].has(Role.OPERATOR)
    assert not LOCAL_ACTORS["requester"].has(Role.APPROVER)
    assert LOCAL_ACTORS["approver"].has(Role.APPROVER)
    assert not LOCAL_ACTORS["approver"].has(Role.OPERATOR)
    assert LOCAL_ACTORS["captain"].roles == frozenset(Role)
    assert len({actor.key for actor in (*LOCAL_ACTORS.values(), SYSTEM)}) == 4
