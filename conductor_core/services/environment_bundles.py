"""The add-ons that a helmfile installs together: rendered into the review, synced as approved, known by their label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import manifests
from conductor_core.domain.blueprints import Blueprint, filled
from conductor_core.domain.comparison import Pair
from conductor_core.domain.environments import asked_of
from conductor_core.domain.manifests import Identity, Object, hook_events
from conductor_core.domain.operations import Observation
from conductor_core.domain.releases import Status
from conductor_core.ports.blueprint_files import BlueprintFiles
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.documents import Documents
from conductor_core.ports.helmfile import Helmfile, HelmfileRelease, HelmfileRequest
from conductor_core.services.environment_addons import Rendered
from conductor_core.services.environment_reads import EnvironmentReads
from conductor_core.services.operations import Context, Facts
from conductor_core.services.release_cluster import ReleaseCluster

FACT = "helmfile"
"""The fact of a plan that names the bytes of the helmfile's folder."""
TIMEOUT = 900.0


class Bundles:
    """Reads and renders; nothing is changed."""

    def __init__(self, files: BlueprintFiles, helmfile: Helmfile, cluster: Cluster, documents: Documents) -> None:
        self._files, self.helmfile, self._documents = files, helmfile, documents
        self.releases = ReleaseCluster(cluster, documents)

    def request(
        self,
        blueprint: Blueprint,
        environment: str,
        values: Mapping[str, Any],
        outputs: Mapping[str, Any],
        digest: str = "",
    ) -> HelmfileRequest | None:
        """What helmfile is asked for; None when the blueprint has none, it is switched off, or a value is not known
        before the apply. Raises `InputError` for a reference to nothing, `NotFoundError` for a file that isn't there.
        """
        told = blueprint.helmfile
        if told is None or filled(told.when, environment, values, outputs) != "true":
            return None
        state = {k: filled(text, environment, values, outputs) for k, text in told.values.items()}
        chosen = filled(told.environment, environment, values, outputs)
        if chosen is None or None in state.values():
            return None
        path = self._files.path(told.file)
        return HelmfileRequest(path.parent, path.name, chosen, state, told.selectors, digest)

    def render(
        self, blueprint: Blueprint, environment: str, values: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> Rendered:
        """What its releases come to, beside what Helm has of them now, with helmfile's log."""
        told = blueprint.helmfile
        request = self.request(blueprint, environment, values, outputs)
        if request is None:
            if told is None or filled(told.when, environment, values, outputs) == "false":
                return Rendered()
            return Rendered(unknown=(told.file,), helmfile=self.helmfile.digest(self._files.path(told.file).parent))
        made = self.helmfile.render(request)
        objects: dict[str, tuple[Object, ...]] = {}
        pairs: dict[Identity, Pair] = {}
        for release, text in made.manifests.items():
            every = self._indexed(text, release.namespace)
            new = {i: o for i, o in every.items() if not hook_events(o)}
            applied = self.releases.applied(release.namespace, release.name)
            old = self._indexed(applied.manifest, release.namespace) if applied else {}
            objects[release.name] = tuple(every.values())
            note = (f"add-on {release.name}, by helmfile",)
            pairs |= {i: Pair(old.get(i), new.get(i), 0, note) for i in sorted(old.keys() | new.keys())}
        return Rendered(objects, pairs, log=made.log, helmfile=made.digest)

    def _indexed(self, text: str, namespace: str) -> dict[Identity, Object]:
        loaded = manifests.flatten(self._documents.load_all(text, "A helmfile's manifests"))
        kinds = self.releases.cluster_wide()
        return {manifests.identity_of(o, namespace, kinds): o for o in loaded if "test" not in hook_events(o)}


@dataclass(frozen=True)
class HelmfileSync:
    """`helmfile sync` of the blueprint's helmfile, with what tofu's outputs say; nothing when it has none."""

    reads: EnvironmentReads
    bundles: Bundles

    def prepare(self, context: Context) -> Facts:
        """Which releases there will be, each with its newest revision now."""
        request = self._request(context)
        if request is None:
            return {"releases": {}}
        found = self.bundles.helmfile.render(request).manifests
        return {"releases": {f"{r.namespace}/{r.name}": self._newest(r) for r in found}}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Sync; raises `StateError` when what the helmfile is made of has changed since the approval."""
        asked = self._request(context)
        if asked is None:
            return Observation.DONE, {"seen": "the blueprint has no helmfile to sync"}
        said: list[str] = []

        def say(line: str) -> None:
            said.append(line)
            context.say(f"helmfile: {line}")

        self.bundles.helmfile.sync(
            asked, context.operation_id, say=say, timeout=TIMEOUT, inherit_fds=(context.lock.fd,)
        )
        observation, seen = self.observe(context, request)
        return observation, seen | {"log": said[-200:]}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Which of the releases has a revision of this Change."""
        wanted = request.get("releases")
        seen: dict[str, str] = {}
        for place in wanted if isinstance(wanted, Mapping) else ():
            namespace, _, name = str(place).partition("/")
            mine = [r for r in self.bundles.releases.history(namespace, name) if r.made_by(context.operation_id)]
            seen[str(place)] = mine[-1].status.value if mine else "absent"
        facts: Facts = {"releases": seen, "seen": ", ".join(f"{k} is {s}" for k, s in seen.items()) or "no helmfile"}
        words = set(seen.values())
        if any(word.startswith("pending") for word in words):
            return Observation.UNCLEAR, facts
        if Status.FAILED.value in words:
            return Observation.FAILED, facts
        return (Observation.ABSENT if "absent" in words else Observation.DONE), facts

    def _request(self, context: Context) -> HelmfileRequest | None:
        asked = asked_of(context.change)
        blueprint = self.reads.blueprint(asked.blueprint)
        if blueprint.helmfile is None:
            return None
        values = self.reads.values(blueprint, asked.environment, asked.variables)
        complete = {**self.reads.check(blueprint, values.plain).values, **values.plain}
        outputs = self.reads.tofu.state(self.reads.workspace(asked.environment, blueprint)).outputs
        plan = context.change.plan
        return self.bundles.request(
            blueprint, asked.environment, complete, outputs, plan.facts.get(FACT, "") if plan else ""
        )

    def _newest(self, release: HelmfileRelease) -> int:
        return max((r.revision for r in self.bundles.releases.history(release.namespace, release.name)), default=0)
