"""Edits of a channel's values in Git: its waves, and the tag that is marked stable. One file, one commit, as a Change.

The file is the overlay that has the last word on that path; comments and everything else in it stay.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conductor_core.domain import manifests, values, waves
from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Observation
from conductor_core.errors import InputError, StateError
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import Helm
from conductor_core.ports.repository import Repository
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.git_reverts import author, message
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft, PlanFunction
from conductor_core.services.releases import ReleaseReader

BRANCH, TIP, FILE = "git branch", "git tip", "file"
INSTANCE = "app.kubernetes.io/instance"
_LOOKED = 50


@dataclass(frozen=True)
class Edit:
    """One changed file: on which branch, at which tip, and its text before and after."""

    branch: str
    tip: str
    path: str
    before: bytes
    after: bytes

    @property
    def diff(self) -> str:
        """A unified diff; '' when nothing changes."""
        old, new = (side.decode("utf-8").splitlines(keepends=True) for side in (self.before, self.after))
        return "".join(difflib.unified_diff(old, new, f"a/{self.path}", f"b/{self.path}"))


@dataclass(frozen=True)
class ValuesEdits:
    """Finds out what an edit would be; reads only."""

    reader: ReleaseReader
    repository: Repository
    helm: Helm
    documents: Documents
    rollouts: Rollouts

    def functions(self) -> dict[str, PlanFunction]:
        """The plan functions by the name that a runbook's `plan` gives."""
        return {"waves_set": self.set_waves, "stable_mark": self.mark_stable}

    def steps(self, release: str, channel: str) -> tuple[waves.WaveStep, ...]:
        """The steps that the channel's values have now; raises `InputError` when the chart has none."""
        return waves.steps_of(values.at(self._merged(release, channel), *waves.PATH))

    def value(self, release: str, channel: str, path: tuple[str, ...]) -> object:
        """The value that the channel's branch has at a path; None when it has none."""
        return values.at(self._merged(release, channel), *path)

    def edit(self, release: str, channel: str, path: tuple[str, ...], value: object) -> Edit:
        """The edit of one value. Raises `InputError` when the channel has no values file."""
        return self.edit_all([(release, channel, path, value)])[0]

    def edit_all(self, wanted: Sequence[tuple[str, str, tuple[str, ...], object]]) -> tuple[Edit, ...]:
        """The edits of several values (release, channel, path, value): one for each file that any of them is in."""
        out: dict[tuple[str, str], Edit] = {}
        for release, channel, path, value in wanted:
            _, where = self.reader.channel(release, channel)
            if not where.values:
                raise InputError(
                    f"{release} in {channel} has no values file.",
                    why="Its entry in the channels file lists none.",
                    next="Add an overlay to the channel.",
                )
            tip = self.reader.commit(release, channel)
            texts = {file: self.repository.read(tip, file) for file in where.values}
            speaking = [f for f in where.values if _at(self.documents.load(texts[f], f), path) is not None]
            file = speaking[-1] if speaking else where.values[-1]
            file = where.values[-1] if file == where.values[0] and len(where.values) > 1 else file
            known = out.get((where.branch, file)) or Edit(where.branch, tip, file, texts[file], texts[file])
            after = self.documents.put(known.after, path, value, file)
            out[where.branch, file] = replace(known, after=after)
        return tuple(out.values())

    def set_waves(self, change: Change) -> Draft:
        """What other steps would change: the file's diff, and the chart as it would be rendered, for the gates."""
        release, channel = _named(change)
        self.reader.refresh()
        steps = waves.check(waves.steps_of(change.parameters.get("steps")))
        edit = self.edit(release, channel, waves.PATH, [s.as_values() for s in steps])
        told = "; ".join(f"{s.wave} {s.kind} {s.weight or s.duration or ', '.join(s.templates)}".strip() for s in steps)
        return self._draft(release, channel, edit, f"{len(steps)} steps: {told}")

    def mark_stable(self, change: Change) -> Draft:
        """What marking the running version as stable would change. Raises `StateError` while a wave runs."""
        release, channel = _named(change)
        self.reader.refresh()
        namespace = self.reader.namespace(release, channel)
        mine = [r for r in self.rollouts.all(namespace) if dict(r.labels).get(INSTANCE) == release]
        unfinished = [r for r in mine if not r.finished]
        if not mine or unfinished:
            seen = ", ".join(f"{r.id}: {r.phase.value} {r.message}" for r in unfinished) or "It has no rollout."
            raise StateError(
                f"{release} in {channel} is not in a steady state.", why=seen, next="Wait until its waves are done."
            )
        versions = sorted({r.version for r in mine})
        if len(versions) != 1:
            raise StateError(f"{release} in {channel} runs several versions.", why=", ".join(versions))
        edit = self.edit(release, channel, waves.STABLE_TAG, versions[0])
        return self._draft(release, channel, edit, f"{versions[0]} is marked as stable")

    def _draft(self, release: str, channel: str, edit: Edit, does: str) -> Draft:
        if not edit.diff:
            raise StateError("The values say so already.", why=edit.path, next="Nothing has to be done.")
        placed, merged = self.rendered(release, channel, [edit])
        _, where = self.reader.channel(release, channel)
        facts = {BRANCH: edit.branch, TIP: edit.tip, FILE: edit.path}
        return Draft(
            {"values.diff": ("text/x-diff", edit.diff.encode())},
            facts,
            {"does": f"one commit on {edit.branch}: {does}"},
            placed,
            merged,
            tier=where.tier,
        )

    def rendered(
        self, release: str, channel: str, edits: Sequence[Edit]
    ) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
        """The objects that the chart would render to with these edits, and its merged values."""
        request = self.reader.chart_request(release, channel)
        _, where = self.reader.channel(release, channel)
        changed = {e.path: e.after for e in edits if e.branch == where.branch}
        with TemporaryDirectory(prefix="values-") as folder:
            files = []
            for at, (path, file) in enumerate(zip(where.values, request.values, strict=True)):
                if path in changed:
                    file = Path(folder) / f"{at}-{Path(path).name}"
                    file.write_bytes(changed[path])
                files.append(file)
            output = self.helm.render(replace(request, values=tuple(files)))
        loaded = self.documents.load_all(output.manifests, f"The output of {release}")
        return manifests.placed(manifests.indexed(loaded, where.namespace)), self._merged(release, channel, changed)

    def _merged(self, release: str, channel: str, changed: Mapping[str, bytes] | None = None) -> dict[str, Any]:
        request = self.reader.chart_request(release, channel)
        _, where = self.reader.channel(release, channel)
        own = request.chart / "values.yaml"
        layers = [self.documents.load(own.read_bytes(), own.name)] if own.is_file() else []
        for path, file in zip(where.values, request.values, strict=True):
            layers.append(self.documents.load((changed or {}).get(path) or file.read_bytes(), path))
        return values.merge({}, *(layer for layer in layers if isinstance(layer, dict)))


@dataclass(frozen=True)
class ValuesCommit:
    """The operation `values_commit`: the planned edit as one commit, pushed with a compare on the planned tip."""

    edits: ValuesEdits

    def prepare(self, context: Context) -> Facts:
        """Branch, tip and file, as the plan names them."""
        facts = context.change.plan.facts if context.change.plan else {}
        return {name: facts[name] for name in (BRANCH, TIP, FILE)}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Commit it. Raises what the repository raises."""
        change = context.change
        release, channel = _named(change)
        if change.runbook == "mark_stable":
            self.edits.reader.refresh()
            version = self.edits.mark_stable(change)
            said = version.summary["does"].rpartition(": ")[2].partition(" is ")[0]
            edit = self.edits.edit(release, channel, waves.STABLE_TAG, said)
        else:
            steps = waves.check(waves.steps_of(change.parameters.get("steps")))
            edit = self.edits.edit(release, channel, waves.PATH, [s.as_values() for s in steps])
        sha = self.edits.repository.commit(
            edit.branch, {edit.path: edit.after}, message(change), author(change), parent=str(request[TIP])
        )
        context.say(f"{edit.branch} is at {sha[:12]}")
        return Observation.DONE, {"commit": sha, "branch": edit.branch, "detail": f"{edit.path} at {sha[:12]}"}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Look for a commit that names this Change."""
        self.edits.repository.fetch()
        for commit in self.edits.repository.log(str(request[BRANCH]), limit=_LOOKED):
            if context.change.id in commit.subject:
                return Observation.DONE, {"commit": commit.sha, "branch": str(request[BRANCH])}
        return Observation.ABSENT, {"seen": f"no commit of {request[BRANCH]} names {context.change.id}"}


def _at(document: object, path: tuple[str, ...]) -> object:
    return values.at(document, *path) if isinstance(document, dict) else None


def _named(change: Change) -> tuple[str, str]:
    return str(change.parameters.get("release", "")), str(change.parameters.get("channel", ""))
