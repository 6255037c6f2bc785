"""The compatibility check: what chart, values, labels and the API itself state as the version, and a gate on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from conductor_core.domain import values as trees
from conductor_core.domain import versions
from conductor_core.domain.changes import Change
from conductor_core.domain.gates import Reason, Verdict, verdict
from conductor_core.domain.releases import Status
from conductor_core.domain.tiers import STRICTEST
from conductor_core.domain.versions import Claim, Compatibility
from conductor_core.errors import ConductorError
from conductor_core.ports.web import Web
from conductor_core.services.planning import Draft
from conductor_core.services.releases import ReleaseReader

GATE = "compatibility"


@dataclass(frozen=True)
class CompatibilityService:
    """Reads what is installed and what answers; `api` gives the format of the API's address, empty: not asked."""

    reader: ReleaseReader
    web: Web
    api: Callable[[], str]

    def of(self, release: str, channel: str) -> Compatibility:
        """The versions that the installed revision and its API state; no claims when nothing is installed."""
        deployed = [r for r in self.reader.history(release, channel) if r.status is Status.DEPLOYED]
        if not deployed:
            return Compatibility(())
        revision = deployed[-1]
        merged = trees.merge(revision.defaults, revision.values)
        tag = trees.at(merged, "image", "tag")
        live = self.reader.live(release, channel)
        found = versions.claims(revision.app_version, str(tag or ""), live.values(), "live")
        said = self._api(release, channel)
        return Compatibility((*found, Claim("the API itself", said)) if said else found)

    def _api(self, release: str, channel: str) -> str:
        form = self.api()
        if not form:
            return ""
        base = form.format(namespace=self.reader.namespace(release, channel), release=release)
        body = json.dumps({"query": "{ version }"}).encode()
        try:
            answer = self.web.send("POST", f"{base}/graphql", headers={"Content-Type": "application/json"}, body=body)
            said = json.loads(answer.text)["data"]["version"]
        except (ConductorError, ValueError, KeyError, TypeError):
            return ""
        return said if isinstance(said, str) else ""


@dataclass(frozen=True)
class CompatibilityGate:
    """Warns where the places that state a version differ; in prod, a label that contradicts the image is a denial."""

    def __call__(self, change: Change, draft: Draft) -> list[Verdict]:
        """One verdict on the manifests and values that would be applied."""
        tag = trees.at(draft.values, "image", "tag")
        tag = tag if isinstance(tag, str) else ""
        found = Compatibility(versions.claims(draft.facts.get("app version", ""), tag, draft.manifests))
        strict = (draft.tier or change.tier) == STRICTEST
        act = "Set image.tag, appVersion in Chart.yaml and the label to the same version, in one commit."
        denials: list[Reason] = []
        warnings: list[Reason] = []
        for words in found.differences:
            (denials if strict and words.startswith("label ") else warnings).append(
                Reason("compatibility/version", words[0].upper() + words[1:] + ".", clears_by=act)
            )
        return [verdict(GATE, denials=denials, warnings=warnings, rules_run=max(1, len(found.claims)))]
