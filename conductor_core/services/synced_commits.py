"""The commits that an Argo CD Application was synced to, and which of them a release can go back to."""

from __future__ import annotations

from dataclasses import dataclass

from conductor_core.domain import names
from conductor_core.domain import values as trees
from conductor_core.domain.pipelines import Application
from conductor_core.domain.quarantine import blocking
from conductor_core.errors import ConductorError, InputError, NotFoundError
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_evidence import ReleaseEvidence
from conductor_core.services.release_renders import Render
from conductor_core.services.releases import ReleaseReader

LOOKED_AT = 20
"""Earlier commits that are rendered to find one that is not in quarantine."""


@dataclass(frozen=True)
class Synced:
    """A commit that was synced once, and the version that it gives."""

    commit: str
    version: str


@dataclass(frozen=True)
class SyncedCommits:
    """Reads an Application's history through what the commits render to; changes nothing."""

    reader: ReleaseReader
    contents: ReleaseContents
    evidence: ReleaseEvidence
    quarantines: QuarantineService

    def last_good(self, release: str, channel: str, application: Application) -> Synced:
        """The newest commit before the present one whose version is not in quarantine; raises `NotFoundError`."""
        earlier = [d.revision for d in reversed(application.history) if d.revision]
        earlier = [c for c in dict.fromkeys(earlier) if c != application.revision]
        if not earlier:
            raise NotFoundError(
                f"The Application {application.name} was never synced to another commit.",
                why=f"Its history has {len(application.history)} entries, all of {application.revision[:12]}.",
                next="Name the commit to go back to (to_commit).",
            )
        active = self.quarantines.active(release)
        told = ""
        for commit in earlier[:LOOKED_AT]:
            try:
                made = self.reader.render(release, f"commit:{names.commit(commit)}/{channel}")
            except ConductorError as bad:
                told = told or f"{commit[:12]} can't be rendered: {bad.what}"
                continue
            version = self.version(made)
            bad_one = blocking(active, version, self.contents.of(made.objects))
            if bad_one is None:
                return Synced(made.commit, version)
            told = told or f"{commit[:12]} gives {version}, which is in quarantine: {bad_one.reason}"
        raise NotFoundError(
            f"None of the commits that {application.name} was synced to can be gone back to.",
            why=f"It was synced to {len(earlier)} others. {told}",
            next="Name the commit to go back to (to_commit), or deploy a mended version.",
        )

    def deployed(self, release: str, channel: str, application: Application, tip: Render) -> Render:
        """What runs, by the commit that Argo CD synced last; the branch's `tip` when that commit isn't ours."""
        try:
            return self.reader.render(release, f"commit:{names.commit(application.revision)}/{channel}")
        except InputError:
            return tip

    def version(self, made: Render) -> str:
        """The version that a render gives."""
        return trees.version_of(self.evidence.values(made.request), made.output.chart.app_version)
