"""The projection of the record into the read model: each event becomes rows (tables: `domain.audit_model`).

It is total: whatever an event's data is, it becomes a row of `events`, and what it doesn't say is left empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter

from conductor_core.domain import audit_model as model
from conductor_core.domain.events import Event, words
from conductor_core.domain.rollout_facts import MEASURED, STEPPED
from conductor_core.ports.audit_database import Batch, Position, Row
from conductor_core.ports.change_store import RecordedEvent

Known = Callable[[str, Sequence[Sequence[object]]], dict[tuple[object, ...], Row]]
"""Gives the present rows of a table with a key."""
Fields = dict[str, object]
_OPERATION = "conductor.operation."
_OF_CHANGE = ("change_id", "change_no", "tier", "release", "channel", "requester")
"""What each row about a Change says of it."""
_STATES = ("succeeded", "failed", "rejected", "cancelled")


def project(events: Sequence[RecordedEvent], after: Position, known: Known) -> Batch:
    """The rows that these events, in order, add to a read model at position `after`."""
    fold = _Fold(after, known)
    fold.fetch(events)
    for recorded in events:
        fold.take(recorded)
    last = events[-1].sequence if events else after.sequence
    return Batch(fold.rows(), Position(last, after.events + len(events), after.sealed))


class _Fold:
    """The rows of one batch as they come together."""

    def __init__(self, after: Position, known: Known) -> None:
        self._ordinal = after.events
        self._known = known
        self._added: dict[str, list[Row]] = {}
        self._changes: dict[str, Fields] = {}
        self._operations: dict[tuple[str, str], Fields] = {}

    def fetch(self, events: Iterable[RecordedEvent]) -> None:
        """Look up what these events will change."""
        about = [r.event for r in events if _is_about_change(r.event)]
        ids = sorted({e.subject for e in about})
        names = sorted({(e.subject, _text(e.data, "key")) for e in about if e.type.startswith(_OPERATION)})
        for (change_id,), row in (self._known("changes", [(i,) for i in ids]) if ids else {}).items():
            self._changes[str(change_id)] = dict(zip(model.CHANGES.names, row, strict=True))
        for (change_id, name), row in (self._known("operations", names) if names else {}).items():
            self._operations[str(change_id), str(name)] = dict(zip(model.OPERATIONS.names, row, strict=True))

    def take(self, recorded: RecordedEvent) -> None:
        """One event."""
        event = recorded.event
        place: Fields = {"sequence": recorded.sequence, "ordinal": self._ordinal, "occurred_at": event.time}
        self._ordinal += 1
        if not _is_about_change(event):
            self._add(model.EVENTS, place, change_no=None, **_said(event))
            self._of_rollout(place | dict.fromkeys(_OF_CHANGE), event)
            return
        change = self._change(event.subject, place)
        place |= {"change_id": event.subject, "change_no": change["change_no"]}
        self._add(model.EVENTS, place, **_said(event))
        noun, _, fact = words(event.type).partition(".")
        self._dispatch(noun, fact, change, place | {name: change[name] for name in _OF_CHANGE[2:]}, event)

    def _of_rollout(self, place: Fields, event: Event) -> None:
        said = {name: _text(event.data, name) for name in ("release", "channel")} | {"rollout": event.subject[8:]}
        if event.type == STEPPED:
            numbers = {name: _whole(event.data.get(name)) for name in ("step", "weight")}
            told = {name: _text(event.data, name) for name in ("version", "phase")}
            self._add(model.ROLLOUT_STEPS, place, **said, **numbers, **told)
        elif event.type == MEASURED:
            shares = {name: _number(event.data.get(name)) for name in ("value", "threshold")}
            passed, metric = _text(event.data, "phase") == "successful", _text(event.data, "metric")
            self._add(model.METRIC_SAMPLES, place, metric=metric, passed=passed, **said, **shares)

    def rows(self) -> dict[str, list[Row]]:
        """Everything, by table."""
        changes = [_CELLS["changes"](row) for row in self._changes.values() if "_new" in row]
        operations = [_CELLS["operations"](row) for row in self._operations.values() if "_new" in row]
        found = self._added | {"changes": changes, "operations": operations}
        return {name: rows for name, rows in found.items() if rows}

    def _dispatch(self, noun: str, fact: str, change: Fields, place: Fields, event: Event) -> None:
        data = event.data
        match noun, fact:
            case "change", "requested":
                _requested(change, event)
            case "plan", "requested":
                change["state"] = "requested"
            case "plan", "made":
                self._planned(change, place, data)
            case "gates", "judged":
                self._judged(change, place, data)
            case "approvals", "voided":
                change["approvals"] = 0
                self._add(model.VOIDS, place, plan=_text(data, "plan"), changed=_json(data.get("changed")))
            case "approval", "given":
                self._approved(change, place, event)
            case "change", "approved":
                change |= {"state": "approved", "approved_at": event.time}
            case "execution", "started":
                change |= {"state": "executing", "started_at": event.time}
            case "validation", "started":
                change |= {"state": "validating", "validated_at": event.time}
            case "change", "unknown":
                change |= {"state": "unknown", "outcome": _text(data, "what"), "outcome_why": _text(data, "why")}
            case "change", "sealed":
                change["seal"] = _text(data, "seal")
            case "change", state if state in _STATES:
                self._ended(change, place, state, data)
            case "policy", "decided":
                self._decided(place, data)
            case "operation", state:
                self._operation(change, place, state, data)
            case _:
                return

    def _change(self, change_id: str, place: Fields) -> Fields:
        row = self._changes.get(change_id)
        if row is None:
            row = self._changes[change_id] = (
                _EMPTY
                | _BLANK
                | {
                    "id": change_id,
                    "change_no": place["sequence"],
                }
            )
        row |= {
            "sequence": place["sequence"],
            "ordinal": place["ordinal"],
            "updated_at": place["occurred_at"],
            "_new": True,
        }
        return row

    def _planned(self, change: Fields, place: Fields, data: Fields) -> None:
        plan, summary, facts = _text(data, "plan"), _map(data, "summary"), _map(data, "facts")
        change |= {"plan": plan, "planned_at": place["occurred_at"], "plans": _count(change, "plans") + 1}
        change |= {"version": _text(summary, "version"), "git_commit": _text(facts, "commit")}
        for piece in _maps(data, "evidence"):
            said = {name: _text(piece, name) for name in ("name", "media_type", "digest")}
            self._add(model.EVIDENCE, place, plan=plan, size=_whole(piece.get("size")), **said)

    def _judged(self, change: Fields, place: Fields, data: Fields) -> None:
        denied, verdicts = False, _maps(data, "verdicts")
        for verdict in verdicts:
            gate, result, rules = _text(verdict, "gate"), _text(verdict, "result"), _whole(verdict.get("rules_run"))
            reasons = _maps(verdict, "reasons")
            denied = denied or result == "deny" or not rules
            self._add(
                model.GATES,
                place,
                gate=gate,
                result=result,
                reasons=len(reasons),
                rules_run=rules,
                plan=_text(data, "plan"),
                evidence=_text(verdict, "evidence"),
            )
            if not gate.startswith("policy/"):  # a policy's decision says itself which of its findings deny
                denying = [r for r in reasons if result == "deny" and r.get("warns") is not True]
                self._found(place, gate, "deny", denying)
                self._found(place, gate, "warn", [r for r in reasons if r not in denying])
        denied = denied or not verdicts
        change["state"] = "denied" if denied else "awaiting_approval"
        change["denials"] = _count(change, "denials") + denied

    def _decided(self, place: Fields, data: Fields) -> None:
        denials, warnings = _maps(data, "denials"), _maps(data, "warnings")
        said = {name: _text(data, name) for name in ("family", "result", "input", "bundle", "engine")}
        numbers = {name: _whole(data.get(name)) for name in ("rules_run", "microseconds")}
        self._add(model.DECISIONS, place, denials=len(denials), warnings=len(warnings), **said, **numbers)
        self._found(place, f"policy/{said['family']}", "deny", denials)
        self._found(place, f"policy/{said['family']}", "warn", warnings)

    def _found(self, place: Fields, gate: str, effect: str, reasons: Iterable[Fields]) -> None:
        for reason in reasons:
            said = {name: _text(reason, name) for name in ("rule", "text", "path", "clears_by")}
            self._add(model.FINDINGS, place, gate=gate, effect=effect, **said)

    def _approved(self, change: Fields, place: Fields, event: Event) -> None:
        change["approvals"] = _count(change, "approvals") + 1
        planned = change.get("planned_at")
        waited = (event.time - planned).total_seconds() if isinstance(planned, datetime) else None
        said = {name: _text(event.data, name) for name in ("plan", "reason")}
        self._add(model.APPROVALS, place, actor=event.actor, waited_seconds=waited, **said)

    def _ended(self, change: Fields, place: Fields, state: str, data: Fields) -> None:
        outcome, checks = _map(data, "outcome"), _maps(data, "checks")
        passed = [check.get("passed") is True for check in checks]
        notebook = _text(data, "notebook") or change["notebook"]
        change |= {"state": state, "finished_at": place["occurred_at"], "notebook": notebook}
        change |= {"outcome": _text(outcome, "what"), "outcome_why": _text(outcome, "why")}
        change |= {"checks_passed": sum(passed), "checks_failed": len(passed) - sum(passed)}
        for check, ok in zip(checks, passed, strict=True):
            said = {name: _text(check, name) for name in ("name", "detail")}
            self._add(model.SMOKE_RESULTS, place, passed=ok, **said)

    def _operation(self, change: Fields, place: Fields, fact: str, data: Fields) -> None:
        key = (str(change["id"]), _text(data, "key"))
        row = self._operations.get(key)
        if row is None:
            row = self._operations[key] = dict.fromkeys(model.OPERATIONS.names) | {
                "name": key[1],
                "kind": _text(data, "kind"),
                "started_at": place["occurred_at"],
            }
            change["operations"] = _count(change, "operations") + 1
        ended = fact in ("succeeded", "failed", "unknown")
        row |= place | {"_new": True, "state": fact if ended else "started"}
        row |= {"dispatches": _whole(data.get("dispatches")), "finished_at": place["occurred_at"] if ended else None}
        row |= {name: _text(data, name) for name in ("request", "result")}

    def _add(self, table: model.Table, place: Fields, **fields: object) -> None:
        self._added.setdefault(table.name, []).append(_CELLS[table.name](place | fields))


_CELLS: dict[str, Callable[[Fields], Row]] = {table.name: itemgetter(*table.names) for table in model.STORED}
"""Takes a row's cells in the order of its table's columns."""
_EMPTY: Fields = dict.fromkeys(model.CHANGES.names)
_BLANK: Fields = {column.name: "" for column in model.CHANGES.columns if column.type == "VARCHAR"} | {
    column.name: 0 for column in model.CHANGES.columns if column.type == "INTEGER"
}


def _requested(change: Fields, event: Event) -> None:
    data, parameters = event.data, _map(event.data, "parameters")
    change |= {name: _text(data, name) for name in ("runbook", "title", "target", "tier", "reason")}
    change |= {name: _text(parameters, name) for name in ("release", "channel")}
    change |= {"state": "requested", "requester": event.actor, "requested_at": event.time}
    change["parameters"] = _json(parameters)


def _is_about_change(event: Event) -> bool:
    return event.subject.startswith("chg-")


def _said(event: Event) -> Fields:
    return {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "actor": event.actor,
        "data": _json(event.data),
    }


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
"""Made once: `json.dumps` would make one for each event."""


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else "" if value is None else _json(value)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and abs(value) < 2**31 else None


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _count(row: Fields, name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0


def _map(data: Mapping[str, object], name: str) -> Fields:
    value = data.get(name)
    return dict(value) if isinstance(value, Mapping) else {}


def _maps(data: Mapping[str, object], name: str) -> list[Fields]:
    value = data.get(name)
    return [dict(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []
