"""What releases consist of, as fingerprints: two states with one fingerprint have the same manifests."""

from __future__ import annotations

from collections.abc import Mapping

from conductor_core.domain.difference import same
from conductor_core.domain.manifests import Identity, Object
from conductor_core.domain.masking import Masker
from conductor_core.domain.releases import Revision
from conductor_core.errors import ConductorError
from conductor_core.ports.repository import Repository
from conductor_core.services.releases import ReleaseReader

SEARCHED = 20
"""Commits of a branch that are rendered to find out which of them a revision was made from."""


class ReleaseContents:
    """Fingerprints hold an HMAC, so that no secret can be guessed from one (`mask_key`: see `ReleaseReader`)."""

    def __init__(self, reader: ReleaseReader, repository: Repository, mask_key: bytes) -> None:
        self._reader, self._repository, self._masker = reader, repository, Masker(mask_key)

    def of(self, objects: Mapping[Identity, Object]) -> str:
        """The fingerprint of manifests."""
        return self._masker.fingerprint([[str(i), objects[i]] for i in sorted(objects)])

    def of_revision(self, revision: Revision) -> str:
        """The fingerprint of a stored revision's manifests, hooks left out; raises `InputError`."""
        return self.of(self._reader.objects_of(revision))

    def commit_like(self, release: str, channel: str, revision: Revision) -> str:
        """The newest of the branch's last commits that renders to the revision's manifests; '' when none does."""
        wanted = _texts(self._reader.objects_of(revision))
        branch = self._reader.channel(release, channel)[1].branch
        for commit in self._repository.log(branch, limit=SEARCHED):
            try:
                made = self._reader.render(release, f"commit:{commit.sha}/{channel}")
            except ConductorError:
                continue  # a commit that can't be rendered isn't the one
            if same(_texts(made.objects), wanted):
                return commit.sha
        return ""


def _texts(objects: Mapping[Identity, Object]) -> dict[str, Object]:
    return {str(identity): manifest for identity, manifest in objects.items()}
