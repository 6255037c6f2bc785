"""What an answer is worth, what a run came to, and pointers into answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain.smoke import Expect, Thresholds, at_pointer, judged, measured, percentile, problems

OK = json.dumps({"data": {"health": {"status": "ok"}, "n": 1}, "list": [1, {"a/b": "~"}]})


@pytest.mark.parametrize(
    ("expect", "status", "text", "milliseconds", "why"),
    [
        (Expect(), 200, "", 1, ""),
        (Expect(), 503, "", 1, "status 503, not 200"),
        (Expect((200, 204)), 500, "", 1, "status 500, not 200 or 204"),
        (Expect(contains=("ok",)), 200, "nope", 1, "the answer doesn't hold 'ok'"),
        (Expect(json={"/data/health/status": "ok", "/list/1/a~1b": "~"}), 200, OK, 1, ""),
        (Expect(json={"/data/health/status": "up"}), 200, OK, 1, '/data/health/status is "ok", not "up"'),
        (Expect(json={"/data/n": True}), 200, OK, 1, "/data/n is 1, not true"),
        (Expect(json={"/data/gone": 1}), 200, OK, 1, "/data/gone is not there"),
        (Expect(json={"": 1}), 200, "<html>", 1, "the answer is no JSON"),
        (Expect(graphql=True), 200, '{"errors": [{"message": "no field"}]}', 1, "GraphQL errors: "),
        (Expect(graphql=True), 200, '{"data": {}}', 1, ""),
        (Expect(headers={"X-Version": "2"}), 200, "", 1, "header X-Version is '1', not '2'"),
        (Expect(milliseconds=100), 200, "", 101, "it took 101 ms, more than 100"),
    ],
)
def test_an_answer_is_judged(expect: Expect, status: int, text: str, milliseconds: int, why: str) -> None:
    told = judged(expect, status, text, {"x-version": "1"}, milliseconds)
    assert told.startswith(why) if why else told == ""


def test_thresholds_are_told_in_words() -> None:
    slow, broken = measured("slow", [10, 20, 900], []), measured("broken", [5, 5], ["status 500, not 200"])
    none = measured("none", [], [])
    told = problems(Thresholds(0.1, p95=500), (slow, broken, none))
    assert told == (
        "slow: p95 is 900 ms, more than 500",
        "broken: 1 of 2 failed: status 500, not 200",
        "none: no request was made",
    )
    assert problems(Thresholds(0.5), (slow, broken)) == ()
    assert problems(Thresholds(1.0), ()) == ("no check was made",)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_leaves_no_more_above_it_than_its_share(found: list[int], share: float) -> None:
    ordered = sorted(found)
    value = percentile(ordered, share)
    assert value in found
    assert sum(x > value for x in found) <= (1 - share) * len(found)
    assert sum(x < value for x in found) < share * len(found)


@given(st.recursive(st.integers(), lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text("a/~", max_size=3), x)))
def test_every_place_of_a_document_has_a_pointer(document: object) -> None:
    def walk(value: object, pointer: str) -> None:
        assert at_pointer(document, pointer) == value
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
        if isinstance(value, list):
            for at, inner in enumerate(value):
                walk(inner, f"{pointer}/{at}")

    walk(document, "")
