"""Revisions with what is known of them: the Change and commit that made each, whether it was good, quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conductor_core.domain.changes import Change, State
from conductor_core.domain.quarantine import Quarantine, blocking
from conductor_core.domain.releases import Revision, Status
from conductor_core.errors import NotFoundError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_stuck import BACK_TO
from conductor_core.services.releases import ReleaseReader

_CHANGES = 1000


@dataclass(frozen=True)
class Past:
    """One revision. `commit` is '' when no commit of ours made it. `change` made it, None when none of ours did."""

    revision: Revision
    version: str
    commit: str = ""
    change: Change | None = None
    quarantine: Quarantine | None = None
    good: bool = False
    """It ran as a whole, its Change (if one made it) succeeded, and it isn't in quarantine."""


class ReleaseHistory:
    """Reads the history of a release in a channel; changes nothing."""

    def __init__(
        self,
        reader: ReleaseReader,
        contents: ReleaseContents,
        store: ChangeStore,
        quarantines: QuarantineService,
    ) -> None:
        self._reader, self._contents, self._store, self._quarantines = reader, contents, store, quarantines

    def of(self, release: str, channel: str) -> tuple[Past, ...]:
        """Every stored revision, newest first; raises `NotFoundError` for an unknown release or channel."""
        revisions = {r.revision: r for r in self._reader.history(release, channel)}
        made = {c.id: c for c in self._store.find(ChangeQuery(target=f"release/{release}@{channel}", limit=_CHANGES))}
        active = self._quarantines.active(release)
        return tuple(self._past(revisions[n], revisions, made, active) for n in sorted(revisions, reverse=True))

    def one(self, release: str, channel: str, number: int) -> Past:
        """One revision; raises `NotFoundError` that names those there are."""
        found = self.of(release, channel)
        for past in found:
            if past.revision.revision == number:
                return past
        known = ", ".join(str(past.revision.revision) for past in found[:20]) or "none"
        raise NotFoundError(
            f"{release} in {channel} has no revision {number}.",
            why=f"Its revisions are: {known}.",
            next="Choose one of these.",
        )

    def last_good(self, release: str, channel: str) -> Past:
        """The newest good revision before the present one; raises `NotFoundError` when there is none."""
        earlier = self.of(release, channel)[1:]
        found = next((past for past in earlier if past.good), None)
        if found is None:
            raise NotFoundError(
                f"{release} in {channel} has no earlier revision that was good.",
                why=f"It has {len(earlier)} earlier revisions; none of them succeeded and is free of quarantine.",
                next="Choose a revision by hand, or deploy a mended version.",
            )
        return found

    def commit(self, release: str, channel: str, past: Past) -> str:
        """The commit that a revision was made from: the one of its Change, else the newest of the branch's last
        commits that renders to the same manifests; '' when none does.
        """
        return past.commit or self._contents.commit_like(release, channel, past.revision)

    def _past(
        self,
        revision: Revision,
        revisions: Mapping[int, Revision],
        made: Mapping[str, Change],
        active: list[Quarantine],
    ) -> Past:
        origin = revision
        seen = set()
        while origin.rolled_back_to in revisions and origin.revision not in seen:
            seen.add(origin.revision)
            origin = revisions[origin.rolled_back_to]
        change = made.get(revision.operation_id) or _back(revision, made.values())
        first = made.get(origin.operation_id)
        version = revision.version
        named = any(q.version == version and q.content for q in active)
        quarantine = blocking(active, version, self._contents.of_revision(revision) if named else "")
        ran = revision.status in (Status.SUPERSEDED, Status.DEPLOYED)
        succeeded = all(c is None or c.state is State.SUCCEEDED for c in (change, first))
        return Past(
            revision,
            version,
            first.plan.facts.get("commit", "") if first and first.plan else "",
            change,
            quarantine,
            ran and succeeded and quarantine is None,
        )


def _back(revision: Revision, changes: Iterable[Change]) -> Change | None:
    """The Change whose rollback made a revision: Helm describes a rollback by itself, so it is known by where it went
    and when.
    """
    if not (revision.rolled_back_to and revision.updated):
        return None
    for change in changes:
        facts = change.plan.facts if change.plan else {}
        to = facts.get("to_revision") or facts.get(BACK_TO)
        if to == str(revision.rolled_back_to) and change.created_at <= revision.updated <= change.updated_at:
            return change
    return None
