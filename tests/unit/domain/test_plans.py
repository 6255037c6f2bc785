"""The plan digest names everything, and a changed plan says what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.domain.plans import Evidence, Plan, what_changed
from conductor_core.errors import InputError

ONE = Evidence("manifests.yaml", "application/yaml", "sha256:" + "a" * 64, 10)
TWO = Evidence("diff.json", "application/json", "sha256:" + "b" * 64, 20)
PLAN = Plan((ONE, TWO), {"commit": "abc", "chart": "1.2"}, {"changed": "3"})


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, evidence=(ONE,)),
        replace(PLAN, evidence=(replace(ONE, digest="sha256:" + "c" * 64), TWO)),
        replace(PLAN, evidence=(replace(ONE, name="other.yaml"), TWO)),
        replace(PLAN, evidence=(replace(ONE, media_type="text/plain"), TWO)),
        replace(PLAN, facts={"commit": "abd", "chart": "1.2"}),
        replace(PLAN, facts={"commit": "abc"}),
        replace(PLAN, summary={"changed": "4"}),
        replace(PLAN, summary={}),
    ],
)
def test_any_difference_changes_the_digest_and_is_named(other: Plan) -> None:
    assert other.digest != PLAN.digest
    assert what_changed(PLAN, other)


def test_order_is_no_difference() -> None:
    other = Plan((TWO, ONE), {"chart": "1.2", "commit": "abc"}, {"changed": "3"})
    assert other.digest == PLAN.digest
    assert what_changed(PLAN, other) == ()


def test_two_pieces_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match=r"manifests\.yaml"):
        Plan((ONE, replace(ONE, digest="sha256:" + "c" * 64)))


def test_what_changed_is_said_in_words() -> None:
    other = Plan((ONE,), {"commit": "abd", "engine": "2", "chart": "1.2"}, {"changed": "3"})
    assert what_changed(PLAN, other) == (
        f"evidence diff.json: gone (was {TWO.digest} (application/json))",
        "commit: abc → abd",
        "engine: new (2)",
    )


def test_evidence_is_found_by_name() -> None:
    assert PLAN.find("diff.json") == TWO
    assert PLAN.find("other") is None
