"""The waves of a pipeline: the steps by which Argo CD syncs its Applications, edited in Git and applied, as a Change.

The ApplicationSet is declared in a YAML file of the operations repository. What an Argo CD Application owns is applied
by Argo CD; any other set is patched to what was committed, and read back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conductor_core.domain import ownership, values
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.manifests import Kind
from conductor_core.domain.operations import Observation
from conductor_core.domain.pipelines import Pipeline, assemble
from conductor_core.domain.rolling_sync import STRATEGY, Placed, SyncStep, placed, steps_of
from conductor_core.domain.tiers import strictest
from conductor_core.errors import ConductorError, NotFoundError, StateError
from conductor_core.ports.argocd import ArgoCd
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.documents import Documents
from conductor_core.ports.object_patches import ObjectPatches
from conductor_core.ports.repository import Repository
from conductor_core.services.checks import Patience
from conductor_core.services.git_reverts import author, message
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft
from conductor_core.services.values_edits import BRANCH, FILE, TIP, Edit

APPLICATION_SET = Kind("argoproj.io/v1alpha1", "ApplicationSet")
WHERE = "application set"
_BETWEEN = re.compile(rb"(?m)^(---[ \t]*(?:#.*)?\r?\n)")
_LARGEST = 1 << 20
_LOOKED = 50


@dataclass(frozen=True)
class PipelineWaves:
    """Finds out what other steps would change; reads only. `tier_of` gives the tier of a namespace, `refresh` fetches
    the operations repository unless that was done a moment ago.
    """

    argocd: ArgoCd
    repository: Repository
    documents: Documents
    cluster: Cluster
    tier_of: Callable[[str], str]
    refresh: Callable[[], None]

    def pipeline(self, name: str) -> Pipeline:
        """The pipeline with its Applications; raises `NotFoundError` that names those there are."""
        known = assemble(self.argocd.pipelines(), self.argocd.applications())
        found = next((p for p in known if p.name == name and p.namespace), None)
        if found is None:
            names = ", ".join(p.name for p in known if p.namespace) or "none"
            raise NotFoundError(f"There is no pipeline {name!r}.", why=f"Known: {names}.", next="Choose one of these.")
        return found

    def live(self, pipeline: Pipeline) -> dict[str, Any]:
        """The ApplicationSet as the cluster has it; raises `NotFoundError`."""
        found = self.cluster.get(APPLICATION_SET, pipeline.namespace, pipeline.name)
        if found is None:
            where = f"{pipeline.namespace}/{pipeline.name}"
            raise NotFoundError(f"There is no ApplicationSet {where}.", why="Argo CD lists it, the API server doesn't.")
        return found

    def steps(self, pipeline: Pipeline) -> tuple[SyncStep, ...]:
        """The steps that it has now; none when its Applications are synced all at once."""
        strategy = values.at(self.live(pipeline), *STRATEGY)
        if not isinstance(strategy, dict) or strategy.get("type") != "RollingSync":
            return ()
        return steps_of((strategy.get("rollingSync") or {}).get("steps") or [])

    def edit(self, name: str, steps: Sequence[SyncStep], branch: str) -> Edit:
        """The edit of the file that declares the set. Raises `NotFoundError` when no file of the branch does."""
        self.refresh()
        tip = self.repository.resolve(branch)
        path, before, at = self._declared(tip, name)
        parts = _BETWEEN.split(before)
        declared = self._document(parts[at], path)
        if not steps and values.at(declared, *STRATEGY, "type") != "RollingSync":
            return Edit(branch, tip, path, before, before)
        text = self.documents.put(parts[at], (*STRATEGY, "type"), "RollingSync" if steps else "AllAtOnce", path)
        if steps:
            wanted = [s.as_spec() for s in steps]
            text = self.documents.put(text, (*STRATEGY, "rollingSync", "steps"), wanted, path)
        return Edit(branch, tip, path, before, b"".join([*parts[:at], text, *parts[at + 1 :]]))

    def plan(self, change: Change) -> Draft:
        """The plan function `pipeline_waves`. Raises `InputError` for steps that can't be used, `StateError` while the
        pipeline moves or when nothing would change.
        """
        name, branch, steps = _asked(change)
        self.repository.fetch()
        pipeline = self.pipeline(name)
        if pipeline.moving:
            raise StateError(
                f"A progressive sync of {name} is under way.",
                why="Other steps now would start it over in the middle.",
                next="Wait until its Applications are synced.",
            )
        who = placed(steps, pipeline.applications)
        edit = self.edit(name, steps, branch)
        if not edit.diff and steps == self.steps(pipeline):
            raise StateError("The pipeline has these steps already.", why=edit.path, next="Nothing has to be done.")
        manifest = self._manifest(edit, pipeline)
        summary = {
            "does": f"one commit on {branch}: {name} syncs {_told(steps)}",
            "steps": _order(steps, who),
            "synced by nobody": ", ".join(who.left_out) or "none",
            "applied by": self._applier(pipeline) or "this Change",
        }
        facts = {BRANCH: branch, TIP: edit.tip, FILE: edit.path, WHERE: f"{pipeline.namespace}/{name}"}
        shown = {"steps": [s.as_spec() for s in steps], "takes": [list(s) for s in who.steps]}
        pieces = {
            "applicationset.diff": ("text/x-diff", edit.diff.encode()),
            "steps.json": ("application/json", canonical_bytes({**shown, "left_out": list(who.left_out)})),
        }
        tier = strictest({self.tier_of(a.target_namespace) for a in pipeline.applications} or {"prod"})
        return Draft(pieces, facts, summary, (manifest,), tier=tier)

    def _applier(self, pipeline: Pipeline) -> str:
        namespace, name = ownership.owner((self.live(pipeline),))
        return f"the Argo CD Application {namespace}/{name}".replace(" /", " ") if name else ""

    def owned(self, pipeline: Pipeline) -> bool:
        """Whether an Argo CD Application applies the set from Git."""
        return bool(self._applier(pipeline))

    def _manifest(self, edit: Edit, pipeline: Pipeline) -> dict[str, Any]:
        """The set as the file would declare it, where it lies."""
        for text in _BETWEEN.split(edit.after):
            found = self._document(text, edit.path)
            if _is(found, pipeline.name):
                metadata = {**(found.get("metadata") or {}), "namespace": pipeline.namespace}
                return {**found, "metadata": metadata}
        raise NotFoundError(f"{edit.path} declares no ApplicationSet {pipeline.name} any more.")

    def _declared(self, tip: str, name: str) -> tuple[str, bytes, int]:
        """The file that declares the set, its bytes, and which of its parts (as `_BETWEEN` splits it) does."""
        root = self.repository.export(tip, ".")
        for file in sorted(p for p in root.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file()):
            path = file.relative_to(root).as_posix()
            data = _read(file)
            for at, text in enumerate(_BETWEEN.split(data) if data else []):
                if _is(self._document(text, path), name):
                    return path, data, at
        raise NotFoundError(
            f"No file of the operations repository declares the ApplicationSet {name}.",
            why=f"Every YAML file at {tip[:12]} was looked at; what a chart renders can't be edited here.",
            next="Commit its manifest to the operations repository, or edit it where it is declared.",
        )

    def _document(self, text: bytes, path: str) -> dict[str, Any]:
        if b"ApplicationSet" not in text:
            return {}
        try:
            found = self.documents.load(text, path)
        except ConductorError:  # a template, or another tool's file
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class PipelineWavesSet:
    """The operation `pipeline_waves`: the commit, then the patch of the live set, read back from Argo CD."""

    waves: PipelineWaves
    patches: ObjectPatches
    patience: Patience

    def prepare(self, context: Context) -> Facts:
        """Branch, tip, file and set, as the plan names them."""
        facts = context.change.plan.facts if context.change.plan else {}
        return {name: facts[name] for name in (BRANCH, TIP, FILE, WHERE)}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Commit, patch, read back. Raises what the ports raise."""
        name, branch, steps = _asked(context.change)
        waves = self.waves
        edit = waves.edit(name, steps, branch)
        sha = edit.tip
        if edit.diff:
            text = message(context.change)
            files = {edit.path: edit.after}
            sha = waves.repository.commit(branch, files, text, author(context.change), parent=str(request[TIP]))
            context.say(f"{branch} is at {sha[:12]}")
        pipeline = waves.pipeline(name)
        if waves.owned(pipeline):
            return Observation.DONE, {"commit": sha, "branch": branch, "detail": "Argo CD applies it from Git"}
        rolling = {"rollingSync": {"steps": [s.as_spec() for s in steps]}} if steps else {"rollingSync": None}
        body = {"spec": {"strategy": {"type": "RollingSync" if steps else "AllAtOnce", **rolling}}}
        self.patches.patch(APPLICATION_SET, pipeline.namespace, name, body)
        context.say(f"the ApplicationSet {pipeline.namespace}/{name} is patched")
        return self._read_back(name, steps, {"commit": sha, "branch": branch})

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Look at the set, and for a commit that names this Change."""
        name, branch, steps = _asked(context.change)
        if self.waves.steps(self.waves.pipeline(name)) == steps:
            return Observation.DONE, {"seen": f"{name} syncs {_told(steps)}"}
        self.waves.repository.fetch()
        for commit in self.waves.repository.log(branch, limit=_LOOKED):
            if context.change.id in commit.subject:
                return Observation.UNCLEAR, {"commit": commit.sha, "seen": "committed, and the set has other steps"}
        return Observation.ABSENT, {"seen": f"no commit of {branch} names {context.change.id}"}

    def _read_back(self, name: str, steps: Sequence[SyncStep], facts: dict[str, Any]) -> tuple[Observation, Facts]:
        wanted = tuple(s.text for s in steps)
        end = self.patience.monotonic() + self.patience.deadline
        while True:
            seen = self.waves.pipeline(name).steps
            if seen == wanted:
                return Observation.DONE, {**facts, "detail": f"Argo CD has it: {name} syncs {_told(steps)}"}
            if self.patience.monotonic() >= end:
                told = " → ".join(seen) or "all at once"
                return Observation.FAILED, {**facts, "what": "Argo CD shows other steps.", "why": f"It shows: {told}."}
            self.patience.sleep(0.5)


def _asked(change: Change) -> tuple[str, str, tuple[SyncStep, ...]]:
    given = change.parameters
    return str(given.get("pipeline", "")), str(given.get("branch", "")), steps_of(given.get("steps"))


def _is(document: Mapping[str, Any], name: str) -> bool:
    return document.get("kind") == "ApplicationSet" and (document.get("metadata") or {}).get("name") == name


def _read(file: Path) -> bytes:
    data = file.read_bytes() if file.stat().st_size <= _LARGEST else b""
    return data if b"ApplicationSet" in data else b""


def _told(steps: Sequence[SyncStep]) -> str:
    return f"in {len(steps)} steps: {'; '.join(s.text for s in steps)}" if steps else "all at once"


def _order(steps: Sequence[SyncStep], who: Placed) -> str:
    rows = (f"{at}. {', '.join(names)}" for at, names in enumerate(who.steps, 1))
    return "; ".join(rows) if steps else "all at once"
