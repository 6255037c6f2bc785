"""The JSON forms of the product's nouns, alike in REST, in event streams and under the CLI's `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from conductor_core.domain.changes import Change, moments
from conductor_core.domain.checkpoints import Opened
from conductor_core.domain.notes import base64_text
from conductor_core.domain.operations import Operation
from conductor_core.domain.releases import Revision
from conductor_core.domain.rollout_acts import read_backs
from conductor_core.domain.runbooks import Parameter, Runbook
from conductor_core.domain.transitions import check_rows, verdict_rows
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.ports.run_log import RunLine
from conductor_core.ports.runbook_files import Catalogue
from conductor_core.services.ledger_reader import Entry
from conductor_core.services.release_history import Past
from conductor_core.services.status import Connection, healthy
from conductor_core.settings import Settings

Form = dict[str, object]


def instant(when: datetime) -> str:
    """A time as RFC 3339 in UTC, to the millisecond."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def workbench(settings: Settings) -> str:
    """The address of the workbench, without a slash at its end."""
    return settings.address


def change_form(change: Change, settings: Settings) -> Form:
    """One Change. `approvals.by` names those who said yes to the present plan; `url` is its page in the workbench."""
    valid = [a for a in change.approvals if a.plan_digest == change.plan_digest and change.plan]
    progress = moments(change)
    return {
        "id": change.id,
        "state": change.state.value,
        "title": change.title,
        "target": change.target,
        "tier": change.judged_tier,
        "runbook": change.runbook,
        "parameters": change.parameters,
        "requester": change.requester.name,
        "reason": change.reason,
        "plan_digest": change.plan_digest,
        "summary": change.plan.summary if change.plan else {},
        "approvals": {
            "given": change.approvals_given,
            "required": change.approvals_required,
            "by": [a.actor.name for a in valid],
        },
        "void_reasons": list(change.void_reasons),
        "verdicts": verdict_rows(change.verdicts),
        "evidence": [
            {"name": e.name, "media_type": e.media_type, "digest": e.digest, "size": e.size}
            for e in (change.plan.evidence if change.plan else ())
        ],
        "checks": check_rows(change.checks),
        "outcome": (
            {"what": change.outcome.what, "why": change.outcome.why, "next": change.outcome.next}
            if change.outcome
            else None
        ),
        "moments": dict(zip(progress.names, progress.states, strict=True)),
        "notebook": change.notebook,
        "seal": change.seal,
        "url": f"{workbench(settings)}/changes?change={quote(change.id)}",
        "created_at": instant(change.created_at),
        "updated_at": instant(change.updated_at),
    }


def fact_form(recorded: RecordedEvent) -> Form:
    """One fact: its place in the outbox and its CloudEvents envelope."""
    return {
        "kind": "fact",
        "at": instant(recorded.event.time),
        "sequence": recorded.sequence,
        "event": recorded.event.envelope(),
    }


def line_form(line: RunLine) -> Form:
    """One line of a run; `cell` counts from 0 and is -1 outside the notebook."""
    said: Form = {"kind": line.kind, "text": line.text, "cell": line.cell, "cells": line.cells}
    return {"kind": "line", "at": instant(line.at), "sequence": line.sequence, "line": said}


def operation_form(operation: Operation) -> Form:
    """One operation as its row says now; it comes again whenever the row changes."""
    finished = operation.finished_at
    return {
        "kind": "operation",
        "at": instant(finished or operation.started_at),
        "operation": {
            "key": operation.key,
            "kind": operation.kind,
            "state": operation.state.value,
            "dispatches": operation.dispatches,
            "result": operation.result,
            "started_at": instant(operation.started_at),
            "finished_at": instant(finished) if finished else None,
        },
    }


def read_back_form(operations: Sequence[Operation]) -> Form:
    """What acts on Rollouts were seen to have done, one row a Rollout; nothing when nothing was read back."""
    rows: list[Form] = [
        {"rollout": name, "word": back.word, **back.as_json()}
        for operation in operations
        for name, back in read_backs(operation.result)
    ]
    return {"read_back": rows} if rows else {}


def parameter_form(parameter: Parameter) -> Form:
    """One declared parameter of a runbook."""
    return {
        "name": parameter.name,
        "type": parameter.type,
        "default": parameter.default,
        "required": parameter.required,
        "choices": list(parameter.choices),
        "pattern": parameter.pattern,
        "help": parameter.help,
    }


def runbook_form(runbook: Runbook) -> Form:
    """One runbook; `approvals` maps a tier to how many people must approve, `timeout` is in seconds."""
    return {
        "name": runbook.name,
        "title": runbook.title,
        "purpose": runbook.purpose,
        "level": runbook.level,
        "target": runbook.target,
        "tier": runbook.tier,
        "gates": list(runbook.gates),
        "approvals": dict(runbook.approvals),
        "timeout": runbook.timeout,
        "rollback": runbook.rollback,
        "parameters": [parameter_form(p) for p in runbook.parameters],
        "links": list(runbook.links),
        "digest": runbook.digest,
    }


def catalogue_form(catalogue: Catalogue) -> Form:
    """Every runbook that works by name, and every file that doesn't, with its problem."""
    return {
        "runbooks": [runbook_form(catalogue.runbooks[name]) for name in sorted(catalogue.runbooks)],
        "broken": [{"file": b.file, "problem": b.problem} for b in catalogue.broken],
    }


def revision_form(revision: Revision) -> Form:
    """One stored revision of a release, without its manifests and values."""
    return {
        "revision": revision.revision,
        "status": revision.status.value,
        "chart": revision.chart,
        "chart_version": revision.chart_version,
        "app_version": revision.app_version,
        "description": revision.description,
        "updated": instant(revision.updated) if revision.updated else None,
    }


def past_form(past: Past) -> Form:
    """One stored revision with what is known of it: its version, commit and Change, whether it was good, quarantine."""
    return revision_form(past.revision) | {
        "version": past.version,
        "commit": past.commit,
        "change": past.change.id if past.change else None,
        "good": past.good,
        "quarantine": past.quarantine.as_json() if past.quarantine else None,
    }


def checkpoint_form(opened: Opened) -> Form:
    """A signed checkpoint; `root` is base64, `note` the signed note itself."""
    head = opened.checkpoint
    return {
        "origin": head.origin,
        "size": head.size,
        "root": base64_text(head.root),
        "signed_by": [{"name": s.name, "key_id": s.key_id.hex()} for s in opened.signed_by],
        "cosigned_by": [{"name": s.name, "key_id": s.key_id.hex(), "at": s.timestamp} for s in opened.cosigned_by],
        "note": opened.note.encode().decode(),
    }


def entry_form(entry: Entry) -> Form:
    """One entry of the ledger: its index, its bytes as text, which are what was hashed, and the same as an event."""
    return {"index": entry.index, "entry": entry.data.decode(), "event": entry.event}


def status_form(connections: Sequence[Connection], queue: Mapping[str, int], version: str) -> Form:
    """`healthy` is true when every configured connection is; `milliseconds` is how long an answer took."""
    return {
        "healthy": healthy(connections),
        "version": version,
        "connections": [
            {
                "name": c.name,
                "health": c.health.value,
                "detail": c.detail,
                "why": c.why,
                "next": c.next,
                "milliseconds": c.milliseconds,
            }
            for c in connections
        ],
        "queue": dict(queue),
    }
