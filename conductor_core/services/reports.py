"""Reports for auditors: made from the record, signed with the ledger's key, kept, recorded, and verified offline.

A report is three files: `report.json`, a signed in-toto statement that holds the whole document and the digests of the
others; `report.html` and `report.pdf`, which are drawn from the document and name its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from conductor_core.domain import dsse, events, masking
from conductor_core.domain.actors import Actor
from conductor_core.domain.canonical import digest_of
from conductor_core.domain.changes import Change, State
from conductor_core.domain.ids import sortable_id
from conductor_core.domain.notes import Ed25519, NoteSigner, VerifierKey, parse_vkey
from conductor_core.domain.transitions import SEALED
from conductor_core.errors import ConductorError, InputError, NotFoundError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.ports.clock import Clock
from conductor_core.ports.operation_store import OperationStore
from conductor_core.ports.reports import Page, ReportRenderer, ReportStore
from conductor_core.services.access import Action, Resource, authorize
from conductor_core.services.ledger import Ledger
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.report_charts import charts
from conductor_core.services.report_content import Fact, Sealed, change_part, figures, stamp
from conductor_core.services.report_verification import FORMAT, PREDICATE_TYPE, verify_report

KINDS = ("change", "release", "environment", "period")
FORMATS = ("html", "pdf", "json")
MADE = "conductor.report.made.v1"
MOST_CHANGES = 2000


@dataclass(frozen=True)
class Wanted:
    """What to report on: a Change by id, a `release` (`channel` empty: all), a tier as `environment`; times in UTC."""

    kind: str
    change: str = ""
    release: str = ""
    channel: str = ""
    environment: str = ""
    start: datetime | None = None
    end: datetime | None = None
    formats: tuple[str, ...] = FORMATS
    schedule: str = ""
    """Which schedule asks for it; empty: a person does."""


@dataclass(frozen=True)
class Report:
    """A finished report: its files by name, and the digest of its document."""

    id: str
    title: str
    digest: str
    made_at: str
    made_by: str
    files: Mapping[str, bytes]
    schedule: str = ""
    start: datetime | None = None


class ReportService:
    """Makes, keeps and verifies reports."""

    def __init__(
        self,
        store: ChangeStore,
        operations: OperationStore,
        reader: LedgerReader,
        ledger: Ledger,
        renderer: ReportRenderer,
        kept: ReportStore,
        signer: Callable[[], NoteSigner],
        ed25519: Ed25519,
        clock: Clock,
        mask_key: bytes,
    ) -> None:
        self._store = store
        self._operations = operations
        self._reader = reader
        self._ledger = ledger
        self._renderer = renderer
        self._kept = kept
        self._signer = signer
        self._ed25519 = ed25519
        self._clock = clock
        self._mask_key = mask_key

    def create(self, actor: Actor, wanted: Wanted) -> Report:
        """Make a report, keep it, and record that it was made.

        Raises `InputError` for a wish that isn't complete, `NotFoundError` when there is nothing to report on,
        `ConfigurationError` for a template or key that can't be used.
        """
        authorize(actor, Action.VIEW, Resource("the", "record"))
        _check(wanted)
        signer, now = self._signer(), self._clock.now()
        changes = self._choose(wanted)
        report_id, title = self._clock.new_id("rep"), _title(wanted, changes)
        document: dict[str, object] = {
            "format": FORMAT,
            "id": report_id,
            "kind": wanted.kind,
            "title": title,
            "about": {name: getattr(wanted, name) for name in ("change", "release", "channel", "environment")},
            "schedule": wanted.schedule,
            "from": stamp(wanted.start),
            "to": stamp(wanted.end),
            "made_at": stamp(now),
            "made_by": {"key": actor.key, "name": actor.name},
            "ledger": self._head(),
            **figures(changes),
            "changes": [self._part(change, whole=len(changes) <= 50) for change in changes],
        }
        digest, drawn = digest_of(document), charts(document)
        page = Page(document, digest, signer.key.encode(), drawn)
        draw = {"html": self._renderer.html, "pdf": self._renderer.pdf}
        files = {f"report.{kind}": draw[kind](page) for kind in ("html", "pdf") if kind in wanted.formats}
        subjects = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        files["report.json"] = dsse.seal(subjects, PREDICATE_TYPE, document, signer)
        self._kept.put(report_id, files)
        digests = {name: "sha256:" + hashlib.sha256(data).hexdigest() for name, data in files.items()}
        made = {"title": title, "kind": wanted.kind, "document": digest, "files": digests, "changes": len(changes)}
        self._ledger.append([events.Fact(MADE, made)], report_id, actor)
        made_at = str(document["made_at"])
        return Report(report_id, title, digest, made_at, actor.name, files, wanted.schedule, wanted.start)

    def all(self, since: datetime | None = None) -> list[Report]:
        """The reports that are kept, newest first, without their files' bytes; damaged ones say so in their title.

        `since`: only those made then or later; older ones are not opened.
        """
        kept = self._kept.all()
        if since is not None:
            first = sortable_id("rep", since, bytes(10))
            kept = [(report_id, names) for report_id, names in kept if report_id >= first]
        return [self._told(report_id, names) for report_id, names in kept]

    def told(self, change_id: str) -> dict[str, object]:
        """What a report says about one Change, with every fact and its proof; raises `NotFoundError`."""
        return self._part(self._store.get(change_id), whole=True)

    def read(self, report_id: str, name: str) -> bytes:
        """One file of a report; raises `NotFoundError`."""
        return self._kept.get(report_id, name)

    def verify(self, report_id: str) -> list[str]:
        """What holds of a report that is kept here, line by line; raises `LedgerError`."""
        names = next((names for found, names in self._kept.all() if found == report_id), None)
        if names is None:
            raise NotFoundError("There is no such report.", why=report_id[:60], next="Run `conductor report list`.")
        files = {name: self._kept.get(report_id, name) for name in names}
        return verify_report(files, self.keys(), self._ed25519)

    def keys(self) -> list[VerifierKey]:
        """The public keys that a report of this installation may be signed with."""
        try:
            return [parse_vkey(vkey) for vkey in self._reader.vkeys()]
        except NotFoundError:
            return [self._signer().key]

    def _told(self, report_id: str, names: Sequence[str]) -> Report:
        files = dict.fromkeys(names, b"")
        try:
            found = dsse.open_envelope(self._kept.get(report_id, "report.json"), self.keys(), self._ed25519).predicate
        except ConductorError as bad:
            return Report(report_id, f"This report does not hold: {bad.why}", "", "", "", files)
        by = found.get("made_by")
        name = str(by.get("name", "")) if isinstance(by, Mapping) else ""
        title, made_at, schedule = (str(found.get(key) or "") for key in ("title", "made_at", "schedule"))
        begins = datetime.fromisoformat(str(found["from"])) if found.get("from") else None
        return Report(report_id, title, digest_of(found), made_at, name, files, schedule, begins)

    def _choose(self, wanted: Wanted) -> list[Change]:
        if wanted.kind == "change":
            return [self._store.get(wanted.change)]
        query = ChangeQuery(since=wanted.start, until=wanted.end, limit=MOST_CHANGES + 1)
        if wanted.kind == "release":
            query = replace(query, release=wanted.release, channel=wanted.channel)
        elif wanted.kind == "environment":
            query = replace(query, tier=wanted.environment)
        found = self._store.find(query)
        if not found:
            raise NotFoundError(
                "There is nothing to report on.",
                why="No Change matches.",
                next="Widen the period, or name another one.",
            )
        if len(found) > MOST_CHANGES:
            raise InputError(
                f"More than {MOST_CHANGES:,} Changes are too many for one report.",
                why=f"A report holds {MOST_CHANGES:,}.",
                next="Make one for each part of the period.",
            )
        return sorted(found, key=lambda change: (change.created_at, change.id))

    def _mended_by(self, change: Change) -> Change | None:
        """The first Change on the same target that succeeded after this one had failed."""
        if change.state is not State.FAILED:
            return None
        later = frozenset({State.SUCCEEDED})
        query = ChangeQuery(later, change.target, updated_after=change.updated_at, oldest=True, limit=1)
        return next(iter(self._store.find(query)), None)

    def _part(self, change: Change, *, whole: bool) -> dict[str, object]:
        rows = self._store.events(subject=change.id, limit=1000)
        places = list(self._places(change.id))
        places += [None] * (len(rows) - len(places))
        facts = [Fact(at, r.event.type, r.event.time, r.event.actor) for at, r in zip(places, rows, strict=False)]
        sealing = next((f.index for f in facts if f.type == SEALED and f.index is not None), None)
        sealed = self._proved(sealing) if sealing is not None else None
        masker = masking.Masker(self._mask_key)
        operations = self._operations.of(change.id)
        return change_part(change, operations, facts if whole else (), sealed, self._mended_by(change), masker)

    def _places(self, change_id: str) -> Sequence[int | None]:
        size = self._size()
        return (
            [at if at is not None and at < size else None for at in self._reader.of_change(change_id)] if size else []
        )

    def _proved(self, index: int) -> Sealed:
        return Sealed(index, self._reader.entry(index).data, self._reader.prove(index).encode())

    def _size(self) -> int:
        try:
            return self._reader.checkpoint().checkpoint.size
        except NotFoundError:
            return 0

    def _head(self) -> dict[str, object] | None:
        try:
            opened = self._reader.checkpoint()
        except NotFoundError:
            return None
        head = opened.checkpoint
        return {
            "origin": head.origin,
            "size": head.size,
            "root": head.root.hex(),
            "checkpoint": opened.note.encode().decode(),
        }


def _check(wanted: Wanted) -> None:
    if wanted.kind not in KINDS:
        raise InputError(
            f"There is no report of the kind {wanted.kind!r}.", why=f"Kinds: {', '.join(KINDS)}.", next="Choose one."
        )
    unknown = [name for name in wanted.formats if name not in FORMATS]
    if unknown:
        raise InputError(
            f"There is no format {unknown[0]!r}.", why=f"Formats: {', '.join(FORMATS)}.", next="Choose of these."
        )
    needs = {
        "change": wanted.change,
        "release": wanted.release,
        "environment": wanted.environment,
        "period": wanted.start,
    }
    if not needs[wanted.kind]:
        option = "from" if wanted.kind == "period" else wanted.kind
        raise InputError(
            f"A report of the kind {wanted.kind} needs --{option}.",
            why="It isn't said what to report on.",
            next="Add it.",
        )
    if wanted.start and wanted.end and wanted.end <= wanted.start:
        raise InputError("The period ends before it begins.", why=f"{stamp(wanted.start)} to {stamp(wanted.end)}.")


def _title(wanted: Wanted, changes: Sequence[Change]) -> str:
    match wanted.kind:
        case "change":
            return f"Change: {changes[0].title}"
        case "release":
            where = f" in {wanted.channel}" if wanted.channel else ""
            return f"Release {wanted.release}{where}"
        case "environment":
            return f"Environment {wanted.environment}"
    until = f" until {wanted.end:%Y-%m-%d}" if wanted.end else ""
    return f"Changes from {wanted.start:%Y-%m-%d}{until}"
