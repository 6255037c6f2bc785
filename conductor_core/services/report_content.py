"""What a report says, as plain JSON: taken from the record itself, with what was sealed and its proofs beside it."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from conductor_core.domain import masking
from conductor_core.domain.changes import TERMINAL, Change, State
from conductor_core.domain.operations import Operation

OTHER = "other"


@dataclass(frozen=True)
class Sealed:
    """A Change's sealing entry in the ledger: its index, its bytes, and the proof that it is there."""

    index: int
    entry: bytes
    proof: bytes


@dataclass(frozen=True)
class Fact:
    """One recorded fact about a Change; `index` is its place in the ledger, None while it waits."""

    index: int | None
    type: str
    at: datetime
    actor: str


def change_part(
    change: Change,
    operations: Sequence[Operation],
    facts: Sequence[Fact],
    sealed: Sealed | None,
    mended_by: Change | None,
    masker: masking.Masker,
) -> dict[str, object]:
    """One Change: what, who, why, what the gates said, who approved, what was done, how it ended."""
    plan = change.plan
    ended = change.updated_at if change.state in TERMINAL else None
    return {
        "id": change.id,
        "title": change.title,
        "runbook": change.runbook,
        "target": change.target,
        "tier": change.judged_tier,
        "state": change.state.value,
        "requester": {"key": change.requester.key, "name": change.requester.name},
        "reason": change.reason,
        "parameters": plain(masking.show(masker.hide_values(change.parameters))),
        "requested_at": stamp(change.created_at),
        "ended_at": stamp(ended),
        "lead_seconds": int((ended - change.created_at).total_seconds()) if ended else None,
        "plan": {
            "digest": change.plan_digest,
            "summary": dict(plan.summary) if plan else {},
            "facts": dict(plan.facts) if plan else {},
            "evidence": [asdict(piece) for piece in plan.evidence] if plan else [],
        },
        "gates": [
            {
                "gate": v.gate,
                "result": v.result.value,
                "rules_run": v.rules_run,
                "evidence": v.evidence,
                "reasons": [asdict(reason) for reason in v.reasons],
            }
            for v in change.verdicts
        ],
        "approvals_required": change.approvals_required,
        "approvals": [
            {
                "by": a.actor.key,
                "name": a.actor.name,
                "at": stamp(a.at),
                "reason": a.reason,
                "plan": a.plan_digest,
                "counts": a in change.valid_approvals,
            }
            for a in change.approvals
        ],
        "void_reasons": list(change.void_reasons),
        "operations": [
            {
                "name": op.key,
                "kind": op.kind,
                "state": op.state.value,
                "dispatches": op.dispatches,
                "started_at": stamp(op.started_at),
                "finished_at": stamp(op.finished_at),
            }
            for op in operations
        ],
        "checks": [asdict(check) for check in change.checks],
        "outcome": asdict(change.outcome) if change.outcome else None,
        "notebook": change.notebook,
        "seal": change.seal,
        "sealed": {"index": sealed.index, "entry": sealed.entry.decode(), "proof": sealed.proof.decode()}
        if sealed
        else None,
        "facts": [{"index": f.index, "type": f.type, "at": stamp(f.at), "actor": f.actor} for f in facts],
        "mended_by": {"id": mended_by.id, "title": mended_by.title, "at": stamp(mended_by.updated_at)}
        if mended_by
        else None,
    }


def figures(changes: Sequence[Change]) -> dict[str, object]:
    """The numbers of a report: totals, by day, by release, by gate."""
    states = Counter(change.state.value for change in changes)
    leads = [_lead(change) for change in changes if change.state in (State.SUCCEEDED, State.FAILED)]
    days: dict[str, Counter[str]] = defaultdict(Counter)
    gates: dict[str, Counter[str]] = defaultdict(Counter)
    releases: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        days[change.created_at.astimezone(UTC).date().isoformat()][_ending(change)] += 1
        for verdict in change.verdicts:
            gates[verdict.gate][verdict.result.value] += 1
        release = change.parameters.get("release")
        if isinstance(release, str) and release and change.state in (State.SUCCEEDED, State.FAILED):
            releases[release].append(change)
    return {
        "summary": {
            "changes": len(changes),
            "states": dict(sorted(states.items())),
            "approvals": sum(len(change.approvals) for change in changes),
            "people": len(
                {a.actor.key for change in changes for a in change.approvals} | {c.requester.key for c in changes}
            ),
            "denials": sum(v.result.value == "deny" for change in changes for v in change.verdicts),
            "median_lead_seconds": int(statistics.median(leads)) if leads else None,
        },
        "days": [{"day": day, **{n: days[day][n] for n in ("succeeded", "failed", OTHER)}} for day in sorted(days)],
        "gates": [{"gate": g, **{n: gates[g][n] for n in ("allow", "warn", "deny")}} for g in sorted(gates)],
        "releases": [
            {
                "release": name,
                "ended": len(found),
                "failed": sum(c.state is State.FAILED for c in found),
                "median_lead_seconds": int(statistics.median(map(_lead, found))),
            }
            for name, found in sorted(releases.items())
        ],
    }


def stamp(at: datetime | None) -> str:
    """A time as RFC 3339 in UTC; empty for none."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else ""


def plain(value: object) -> object:
    """The value with each number that canonical JSON has no form for as text."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return repr(value) if isinstance(value, float) else str(value)


def _ending(change: Change) -> str:
    return change.state.value if change.state in (State.SUCCEEDED, State.FAILED) else OTHER


def _lead(change: Change) -> float:
    return (change.updated_at - change.created_at).total_seconds()
