"""A Change that is alive, followed second by second: the page is drawn anew when its state has moved."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from app import queries, runtime, theme
from app.components import errors, event_stream
from app.theme import plain
from conductor_core.domain.changes import RUNNING, Change
from conductor_core.domain.operations import Operation
from conductor_core.ports.run_log import RunLine

_COUNT = re.compile(r"(\d+) of ([1-9]\d*)(?: · about [^·]+ left)?(?= ·)")
"""How an act that counts begins its lines: `12 of 40 · about 8 s left · …`."""


def show(change: Change) -> None:
    """Follow the Change; draw nothing for one that has ended."""
    if not change.terminal:
        _pulse(change.id, change.version)


@st.fragment(run_every=1)
def _pulse(change_id: str, version: int) -> None:
    with errors.shown():
        now = runtime.conductor().changes.get(change_id)
        if now.version != version:
            queries.forget()
            st.rerun(scope="app")
        if now.state in RUNNING:
            operations(now)
            progress(queries.run_lines(now.id))
            run(now, height=300)


def progress(lines: Sequence[RunLine]) -> None:
    """How far the act under way is, as its last line that counts says it; nothing when none does."""
    counted = (found for line in reversed(lines) if line.kind == "operation" and (found := _COUNT.match(line.text)))
    last = next(counted, None)
    if last is not None and int(last[1]) < int(last[2]):
        st.progress(int(last[1]) / int(last[2]), text=plain(last[0]))


def run(change: Change, height: int = 460) -> None:
    """What the notebook says, line by line."""
    lines = event_stream.of_run(queries.run_lines(change.id))
    empty = "The notebook has not said anything yet." if change.state in RUNNING else "Nothing has run."
    event_stream.show(lines, empty=empty, key=f"run_{change.id}", height=height)


def operations(change: Change) -> None:
    """What was done to the world, row by row."""
    rows = runtime.conductor().operations.of(change.id)
    if rows:
        st.table(
            {
                "operation": [plain(op.key) for op in rows],
                "state": [theme.cell(theme.of(theme.OPERATION, op.state)) for op in rows],
                "took": [_took(op) for op in rows],
                "dispatched": [f"{op.dispatches} ×" for op in rows],
                "result": [plain(_result(op)) or "–" for op in rows],
            },
            border="horizontal",
            hide_index=True,
        )


def _took(operation: Operation) -> str:
    if operation.finished_at is None:
        return "running"
    return f"{(operation.finished_at - operation.started_at).total_seconds():.1f} s"


def _result(operation: Operation) -> str:
    known = [operation.result.get(name) for name in ("what", "why", "detail", "seen")]
    told = [str(value) for value in known if value]
    rest = [f"{k} {v}" for k, v in operation.result.items() if not isinstance(v, dict | list)]
    return " ".join(dict.fromkeys(told)) if told else ", ".join(rest)
