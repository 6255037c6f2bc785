"""What people read in a terminal of 80 columns: tables and short lines, no colour where none is wanted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from conductor_core.domain.changes import NOT_ASKED, State
from conductor_core.domain.events import words as said
from conductor_core.domain.field_changes import in_rows
from conductor_core.domain.rollout_acts import ReadBack, read_backs
from conductor_core.entrypoints.api.forms import Form, change_form
from conductor_core.entrypoints.cli.shared import console

if TYPE_CHECKING:
    from rich.table import Table

    from conductor_core.domain.changes import Change
    from conductor_core.domain.comparison import Comparison
    from conductor_core.domain.field_changes import FieldChange
    from conductor_core.domain.gates import Verdict
    from conductor_core.domain.operations import Operation
    from conductor_core.services.release_inventory import Inventory
    from conductor_core.settings import Settings

COLOURS = {
    "succeeded": "green",
    "healthy": "green",
    "allow": "green",
    "passed": "green",
    "good": "green",
    "missing": "red",
    "old": "red",
    "optional": "dim",
    "failed": "red",
    "denied": "red",
    "queued": "cyan",
    "rejected": "red",
    "down": "red",
    "deny": "red",
    "unknown": "magenta",
    "awaiting_approval": "yellow",
    "warn": "yellow",
    "executing": "cyan",
    "validating": "cyan",
    "off": "dim",
}


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, coloured: str = "") -> Table:
    """A table without lines; the column named `coloured` has words for states."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for number, column in enumerate(columns):
        shown.add_column(column, overflow="fold", no_wrap=number == 0)
    at = list(columns).index(coloured) if coloured else -1
    for row in rows:
        shown.add_row(*(Text(cell, style=COLOURS.get(cell, "")) if i == at else cell for i, cell in enumerate(row)))
    return shown


def show_change(change: Change, settings: Settings, operations: Sequence[Operation] = ()) -> None:
    """One Change: what it is, what the gates said, who approved, what was read back, how it ended, and its page."""
    from rich.text import Text

    out = console()
    form = change_form(change, settings)
    state = Text(change.standing, style=f"bold {COLOURS.get(change.standing, '')}")
    out.print(Text.assemble((change.id, "bold"), "  ", state, "  ", change.title))
    approvals = f"{change.approvals_given} of {change.approvals_required} approvals"
    by = ", ".join(cast("list[str]", cast("Form", form["approvals"])["by"]))
    lines = [
        ("target", f"{change.target} ({change.judged_tier})"),
        ("requested", f"by {change.requester.name} at {form['created_at']}: {change.reason}"),
        ("plan", change.plan_digest or "not made yet"),
        ("approvals", approvals + (f": {by}" if by else "")),
    ]
    lines += [(f"gate {v.gate}", _verdict(v)) for v in change.verdicts]
    lines += [(f"check {c.name}", f"{c.word}: {c.detail.removeprefix(NOT_ASKED)}") for c in change.checks]
    lines += [("read back", _seen(name, back)) for op in operations for name, back in read_backs(op.result)]
    clears = dict.fromkeys(r.clears_by for v in change.verdicts for r in v.denials if r.clears_by)
    if change.state is State.DENIED and clears:
        lines.append(("cleared by", " ".join(clears)))
    if change.outcome:
        lines.append(("outcome", " ".join(filter(None, (change.outcome.what, change.outcome.why)))))
        if change.outcome.next:
            lines.append(("next", change.outcome.next))
    lines.append(("page", str(form["url"])))
    out.print(table(("", ""), lines))


def _seen(name: str, back: ReadBack) -> str:
    missed = "" if back.reached else f" (promised: {back.expected})"
    return f"{name} {back.word}: {back.seen}{missed}".strip()


def _verdict(verdict: Verdict) -> str:
    """The result and each finding once, what denies first."""
    told = dict.fromkeys(r.text for r in verdict.denials)
    warned = dict.fromkeys(r.text for r in verdict.warnings if r.text not in told)
    parts = [*told, *(f"(warns) {text}" if verdict.denials else text for text in warned)]
    return ": ".join(filter(None, (verdict.result.value, "; ".join(parts))))


def show_changes(changes: Sequence[Change]) -> None:
    """The Changes as a table, or how to make the first one."""
    if not changes:
        console().print("No Change matches. `conductor runbook list` shows what can be requested.")
        return
    rows = [(c.id, c.standing, f"{c.updated_at:%m-%d %H:%M}", c.requester.name, c.title) for c in changes]
    console().print(table(("ID", "STATE", "UPDATED", "BY", "TITLE"), rows, coloured="STATE"))


def news_line(item: Form) -> str:
    """One piece of news as one line: `12:03:04.120  fact       change approved`; empty for what another line says."""
    at = str(item["at"])[11:23]
    if item["kind"] == "fact":
        event = cast("Form", item["event"])
        if str(event["type"]).startswith("conductor.operation."):
            return ""  # the operation itself comes too, with its result
        words = said(str(event["type"])).replace(".", " ").replace("_", " ")
        return f"{at}  fact       {words}{_detail(cast('Form', event['data']))}"
    if item["kind"] == "line":
        line = cast("Form", item["line"])
        return f"{at}  {line['kind']:<9}  {str(line['text']).rstrip()}"
    operation = cast("Form", item["operation"])
    return f"{at}  operation  {operation['key']} {operation['state']}"


def _detail(data: Mapping[str, object]) -> str:
    outcome = data.get("outcome")
    if isinstance(outcome, dict):
        return ": " + " ".join(str(outcome[k]) for k in ("what", "why") if outcome.get(k))
    if "verdicts" in data:
        verdicts = cast("list[Form]", data["verdicts"])
        return ": " + ", ".join(f"{v['gate']} {v['result']}" for v in verdicts)
    said = data.get("reason") or data.get("what") or ""
    return f": {said}" if said else ""


def show_comparison(comparison: Comparison) -> None:
    """What stands differently, with its fields; secrets are masked already."""
    out = console()
    out.print(f"from  {comparison.old.title}\nto    {comparison.new.title}")
    for note in (*comparison.old.notes, *comparison.new.notes):
        out.print(f"note  {note}")
    signs = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow"), "unchanged": ("=", "")}
    if comparison.basis:
        out.print(f"basis {_basis(comparison)}")
    for resource in comparison.resources:
        if resource.standing == "unchanged" and not resource.kept:
            continue
        sign, colour = signs[resource.standing]
        i = resource.identity
        out.print(f"{sign} {i.kind} {'/'.join(filter(None, (i.namespace, i.name)))}", style=colour)
        for note in resource.notes:
            out.print(f"    ! {note}", style="yellow")
        for edit in (row for field in resource.fields for row in in_rows(field)):
            order = "in the order " if edit.op == "reordered" else ""
            out.print(f"    {edit.pointer}: {order}{_value(edit.old)} → {_value(edit.new)}{_by(edit)}")
        for kept in resource.kept:
            out.print(f"    {kept.pointer}: {_value(kept.value)}  [stays{_whose(kept.owner, kept.at)}]")
    counts = ", ".join(f"{comparison.count(s)} {s}" for s in ("added", "changed", "removed", "unchanged"))
    out.print(counts)


def _basis(comparison: Comparison) -> str:
    if comparison.basis == "prediction":
        return "local prediction; --confirm asks the server"
    yes, no, silent = comparison.answers
    if no:
        return f"the server disagrees on {no} of {yes + no + silent} objects, which say how"
    if silent:
        return f"not confirmed: the server can't be asked yet about {silent} of {yes + silent} objects, which say why"
    return "confirmed by the server, by dry runs"


_BY = {"us": "we changed it", "cluster": "the cluster changed it", "both": "both changed it"}


def _by(edit: FieldChange) -> str:
    if not edit.by:
        return ""
    was = f", applied was {_value(edit.base)}" if edit.by == "both" else ""
    return f"  [{_BY[edit.by]}{_whose(edit.owner, edit.at)}{was}]"


def _whose(owner: str, at: str) -> str:
    return f": {owner}" + (f", {at}" if at else "") if owner else ""


def _value(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:199] + "…"


def show_inventory(inventory: Inventory) -> None:
    """The release x channel matrix, and what could not be read."""
    out = console()
    rows = [
        (
            row.release,
            row.channel or "(none)",
            str(row.revision or "-") if not row.application else "argo",
            row.runs or "-",
            row.health or "-",
            {True: "yes", False: "no", None: "?"}[row.in_step],
            row.reason,
        )
        for row in inventory.rows
    ]
    out.print(table(("RELEASE", "CHANNEL", "REV", "VERSION", "HEALTH", "IN STEP", "WHY"), rows, coloured="HEALTH"))
    for problem in inventory.problems:
        out.print(f"left out: {problem.where}: {problem.why}")
    for note in inventory.notes:
        out.print(f"note: {note}")
