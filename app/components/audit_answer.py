"""The answer to a statement: what it cost, its rows, a chart, files to take away, and links to Change and proof."""

from __future__ import annotations

import re

import streamlit as st

from app import navigation, runtime, session
from app.asking import Told
from app.components import audit_chart, empty, errors
from conductor_core.ports.audit_database import Answer, Chart

_CHANGE = re.compile(r"chg-[0-9A-Z]{26}")


def show(told: Told) -> None:
    """Draw what came of it."""
    if told.error is not None:
        errors.show(told.error)
        return
    answer = told.answer
    if answer is None:
        return
    _cost(answer)
    if not answer.rows:
        empty.show("No row matches.", "The statement was run; the record holds nothing like it.", icon="search_off")
        return
    rows, chart = st.tabs(["Rows", "Chart"])
    with rows:
        _grid(answer)
    with chart:
        audit_chart.show(answer, told.question.chart if told.question else Chart())


def _cost(answer: Answer) -> None:
    at = answer.position
    sealed = "all sealed" if at.sealed >= at.events else f"{at.events - at.sealed:,} not sealed yet"
    with st.container(horizontal=True, vertical_alignment="center"):
        rows_told = "1 row" if len(answer.rows) == 1 else f"{len(answer.rows):,} rows"
        st.caption(f"{rows_told} in {answer.seconds:.2f} s · {at.events:,} events, {sealed}")
        audit = runtime.conductor().audit
        st.download_button(
            "CSV", lambda: audit.csv(answer), "answer.csv", "text/csv", key="audit_csv", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Parquet", lambda: audit.parquet(answer), "answer.parquet", "application/vnd.apache.parquet",
            key="audit_parquet", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    if answer.capped:
        st.warning(
            f"Cut off at the limit of {answer.capped}. Ask for less, or raise the limit.", icon=":material/content_cut:"
        )


def _grid(answer: Answer) -> None:
    names = _once(answer.columns)
    chosen = st.dataframe(
        {name: [_cell(row[at]) for row in answer.rows] for at, name in enumerate(names)},
        hide_index=True,
        row_height=30,
        height="auto" if len(answer.rows) < 14 else 460,
        key="audit_grid",
        on_select="rerun",
        selection_mode="single-row",
        alt="Rows of the answer; selecting one links to its Change and its proof",
    )
    picked = chosen["selection"]["rows"]
    if picked and picked[0] < len(answer.rows):
        _links(dict(zip(answer.columns, answer.rows[picked[0]], strict=True)))


def _links(row: dict[str, object]) -> None:
    changes = list(dict.fromkeys(v for v in row.values() if isinstance(v, str) and _CHANGE.fullmatch(v)))
    index = row.get("ledger_index")
    with st.container(horizontal=True):
        for change in changes[:3]:
            navigation.link(
                "changes", f"Change {change[-6:]}", icon="published_with_changes", **{session.CHANGE: change}
            )
        if isinstance(index, int):
            navigation.link("ledger", f"Proof of entry {index}", icon="account_tree", **{session.ENTRY: str(index)})
    if not changes and not isinstance(index, int):
        st.caption("This row names no Change. Select `change_id` and `ledger_index` too, and it links to them.")


def _once(names: tuple[str, ...]) -> list[str]:
    out: list[str] = []
    for name in names:
        shown, n = name, 2
        while shown in out:
            shown, n = f"{name} ({n})", n + 1
        out.append(shown)
    return out


def _cell(value: object) -> object:
    return (
        value
        if value is None or isinstance(value, str | int | float | bool) or hasattr(value, "isoformat")
        else str(value)
    )
