"""Timelines to take away: CSV, Parquet, and a signed report that `conductor report verify` checks offline."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conductor_core.domain import dsse
from conductor_core.domain.actors import Actor
from conductor_core.domain.canonical import digest_of
from conductor_core.domain.events import Fact
from conductor_core.domain.notes import NoteSigner
from conductor_core.domain.timeline import Moment
from conductor_core.ports.audit_database import Answer, AnswerFiles, Position
from conductor_core.ports.clock import Clock
from conductor_core.ports.reports import ReportStore
from conductor_core.services.access import Action, Resource, authorize
from conductor_core.services.ledger import Ledger
from conductor_core.services.report_content import stamp
from conductor_core.services.report_verification import FORMAT, PREDICATE_TYPE
from conductor_core.services.reports import MADE
from conductor_core.services.timelines import Timelines

COLUMNS = ("at", "source", "what", "who", "detail", "id")
TYPES = ("TIMESTAMP", *("VARCHAR",) * 5)
CSV = "timeline.csv"


@dataclass(frozen=True)
class TimelineExports:
    """`signer` gives the ledger's key; a signed report is `kept` with the others, and recorded as made."""

    timelines: Timelines
    files: AnswerFiles
    signer: Callable[[], NoteSigner]
    ledger: Ledger
    clock: Clock
    kept: ReportStore

    def csv(self, moments: Sequence[Moment]) -> bytes:
        """One row a moment; what a spreadsheet would take for a formula is made harmless."""
        return self.files.csv(_answer(moments))

    def parquet(self, moments: Sequence[Moment]) -> bytes:
        """The same rows, the time as a timestamp in UTC."""
        return self.files.parquet(_answer(moments))

    def report(self, actor: Actor, namespace: str, name: str) -> bytes:
        """The timeline as a signed in-toto statement, which names the CSV by its digest; both are kept. Raises
        `NotFoundError`, `AccessDeniedError`, `ConfigurationError`, `StorageError`.
        """
        authorize(actor, Action.VIEW, Resource("the", "record"))
        moments = self.timelines.of(namespace, name)
        report_id, signer = self.clock.new_id("rep"), self.signer()
        title = f"Timeline of rollout {namespace}/{name}"
        document: dict[str, object] = {
            "format": FORMAT,
            "id": report_id,
            "kind": "timeline",
            "title": title,
            "about": {"rollout": f"{namespace}/{name}"},
            "made_at": stamp(self.clock.now()),
            "made_by": {"key": actor.key, "name": actor.name},
            "moments": [m.as_json() for m in moments],
            "changes": [],
        }
        rows = self.csv(moments)
        sealed = dsse.seal({CSV: hashlib.sha256(rows).hexdigest()}, PREDICATE_TYPE, document, signer)
        files = {"report.json": sealed, CSV: rows}
        self.kept.put(report_id, files)
        digests = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in files.items()}
        made = {"title": title, "kind": "timeline", "document": digest_of(document), "files": digests, "changes": 0}
        self.ledger.append([Fact(MADE, made)], report_id, actor)
        return sealed


def _answer(moments: Sequence[Moment]) -> Answer:
    rows = tuple((m.at, m.source, m.what, m.who, m.detail, m.id) for m in moments)
    return Answer(COLUMNS, TYPES, rows, 0.0, Position())
