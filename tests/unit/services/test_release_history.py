"""Which Change made a revision: one that Helm describes by itself is known by where it went back to, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conductor_core.domain.plans import Plan
from conductor_core.domain.releases import Revision, Status
from conductor_core.services.release_history import _back
from tests.fakes.domain import NOW, change

BACK = Revision(
    "shop", "shop", 4, Status.DEPLOYED, "shop", "1.0.0", "1.0.0", "Rollback to 2", NOW, {}, "", "", ""
)  # fmt: skip
LATER = NOW + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("facts", "revision", "found"),
    [
        ({"to_revision": "2"}, BACK, True),
        ({"back to": "2"}, BACK, True),
        ({"to_revision": "1"}, BACK, False),
        ({}, BACK, False),
        ({"to_revision": "2"}, replace(BACK, updated=LATER + timedelta(seconds=1)), False),
        ({"to_revision": "2"}, replace(BACK, updated=None), False),
        ({"to_revision": "2"}, replace(BACK, description="Upgrade complete"), False),
    ],
)
def test_a_rollback_is_the_act_of_the_change_that_went_there_at_that_time(
    facts: dict[str, str], revision: Revision, found: bool
) -> None:
    went = replace(change("chg-07", plan=Plan((), facts, {})), updated_at=LATER)
    assert _back(revision, [change("chg-06"), went]) == (went if found else None)
