"""The contract of `Drafts`, in memory and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conductor_core.adapters.postgres.drafts import PostgresDrafts
from conductor_core.errors import ConflictError, NotFoundError
from conductor_core.ports.drafts import Drafts, EnvironmentDraft
from tests.fakes.drafts import MemoryDrafts

AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ONE = EnvironmentDraft("drf-1", "local|eve", "small", "blue", {"n": [1, None, {"ä": 1.5}]}, AT)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def drafts(request: pytest.FixtureRequest) -> Drafts:
    if request.param == "memory":
        return MemoryDrafts()
    return PostgresDrafts(request.getfixturevalue("engine"))


def test_a_draft_is_kept_as_it_was_typed(drafts: Drafts) -> None:
    drafts.put(ONE)
    assert drafts.get("local|eve", "drf-1") == ONE
    later = replace(ONE, environment="green", values={}, updated_at=AT + timedelta(minutes=1))
    drafts.put(later)
    assert drafts.of("local|eve") == [later]


def test_the_newest_comes_first_and_nobody_sees_another_s(drafts: Drafts) -> None:
    drafts.put(ONE)
    newer = replace(ONE, id="drf-2", updated_at=AT + timedelta(minutes=1))
    drafts.put(newer)
    assert drafts.of("local|eve") == [newer, ONE]
    assert drafts.of("local|bob") == []
    with pytest.raises(NotFoundError):
        drafts.get("local|bob", "drf-1")
    with pytest.raises(ConflictError):
        drafts.put(replace(ONE, owner="local|bob"))
    drafts.drop("local|bob", "drf-1")
    assert drafts.get("local|eve", "drf-1") == ONE


def test_a_dropped_draft_is_gone_and_dropping_again_is_fine(drafts: Drafts) -> None:
    drafts.put(ONE)
    drafts.drop("local|eve", "drf-1")
    drafts.drop("local|eve", "drf-1")
    assert drafts.of("local|eve") == []
