"""Notices: which states are worth one, and what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conductor_core.domain.changes import State
from conductor_core.domain.gates import QUEUED, Reason, Result, Verdict
from conductor_core.domain.notices import KINDS, notice_of
from tests.fakes.conductor import build

LINK = "http://workbench/"


def test_every_kind_leads_to_its_change(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    states = set(KINDS) - {State.REJECTED}
    told = {state: notice_of(conductor.settled(state), LINK) for state in states}
    for state, notice in told.items():
        assert notice is not None, state
        assert notice.link == f"http://workbench/changes?change={notice.change}"
    waiting = told[State.AWAITING_APPROVAL]
    assert waiting is not None
    assert waiting.text == "Deploy intelgraph to staging waits for 1 approval."
    assert notice_of(conductor.requested(), LINK) is None


def test_what_waits_for_a_wave_asks_nobody_to_act(tmp_path: Path) -> None:
    denied = build(tmp_path).settled(State.DENIED)
    waiting = replace(denied, verdicts=(Verdict("waves", Result.DENY, (Reason(QUEUED, "A wave runs."),), 3),))
    told, loud = notice_of(waiting, LINK), notice_of(denied, LINK)
    assert told is not None
    assert loud is not None
    assert (told.kind, loud.kind) == ("queued", "denied")
    assert told.text == "Deploy intelgraph to dev waits until a wave has ended."
