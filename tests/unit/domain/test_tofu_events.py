"""The event log of an apply: how far it got, also when it breaks off."""

from __future__ import annotations

import json

import pytest

from conductor_core.domain import tofu_events
from conductor_core.domain.tofu_events import Problem, time_left


def hook(kind: str, address: str, action: str = "create") -> str:
    return json.dumps({"type": kind, "hook": {"resource": {"addr": address}, "action": action, "elapsed_seconds": 2}})


DONE = json.dumps({"type": "change_summary", "@message": "Apply complete!", "changes": {"operation": "apply"}})
PLANNED = json.dumps({"type": "change_summary", "@message": "Plan: 1", "changes": {"operation": "plan"}})
ERROR = json.dumps(
    {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "No", "detail": "a\n b", "address": "x.a"}}
)


def test_a_whole_apply_is_complete() -> None:
    told = tofu_events.read([PLANNED, hook("apply_start", "x.a"), hook("apply_complete", "x.a"), "noise", "[1]", DONE])
    assert (told.complete, told.started, told.in_flight, told.summary) == (True, ("x.a",), (), "Apply complete!")


def test_an_apply_that_broke_off_names_what_it_was_in_the_middle_of() -> None:
    lines = [hook("apply_start", "x.a"), hook("apply_complete", "x.a"), hook("apply_start", "x.b"), '{"type":"apply_co']
    told = tofu_events.read(lines)
    assert (told.complete, told.done, told.in_flight, told.touched) == (False, ("x.a",), ("x.b",), True)
    assert not tofu_events.read([PLANNED]).touched


def test_errors_are_told_with_their_place() -> None:
    told = tofu_events.read([hook("apply_start", "x.a"), hook("apply_errored", "x.a"), ERROR, DONE])
    assert (told.complete, told.in_flight) == (False, ())
    assert told.problems == (Problem("No", "a b", "x.a"),)
    assert str(told.problems[0]) == "x.a: No. a b"


def test_events_are_sentences() -> None:
    said = [
        tofu_events.sentence(json.loads(line))
        for line in (
            hook("apply_start", "x.a"),
            hook("apply_complete", "x.a", "delete"),
            hook("apply_progress", "x.a"),
            ERROR,
            DONE,
            '{"type": "version"}',
        )
    ]
    assert said == ["x.a: …", "x.a: destroyed in 2 s", "x.a: … 2 s", "error: x.a: No. a b", "Apply complete!", ""]


@pytest.mark.parametrize(
    ("done", "total", "seconds", "told"),
    [(0, 40, 5, ""), (2, 40, 5, ""), (10, 40, 5, "about 15 s left"), (3, 300, 6, "about 10 min left"), (40, 40, 9, "")],
)
def test_time_left_is_told_at_the_pace_so_far(done: int, total: int, seconds: float, told: str) -> None:
    assert time_left(done, total, seconds) == told
