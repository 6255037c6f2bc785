"""Going back in Git: one commit that gives a channel's chart and values back the content of an earlier commit.

Nothing of another channel is touched: files that a second channel reads from the same branch stay, with a remark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from conductor_core.domain import channels
from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Observation
from conductor_core.domain.waves import STABLE_TAG
from conductor_core.errors import InputError, NotFoundError
from conductor_core.ports.documents import Documents
from conductor_core.ports.repository import Author, Repository
from conductor_core.services.operations import Context, Facts
from conductor_core.services.releases import ReleaseReader

BRANCH, TIP, SOURCE = "git branch", "git tip", "git source"
"""The facts of a plan that name a revert."""
_LOOKED = 50


@dataclass(frozen=True)
class Revert:
    """What would be committed on `branch`, whose tip is `tip`: each file as it was at `source` (None: removed)."""

    branch: str
    tip: str
    source: str
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, str]:
        """What a plan says of it; nothing when there is nothing to commit."""
        return {BRANCH: self.branch, TIP: self.tip, SOURCE: self.source} if self.files else {}

    @property
    def told(self) -> str:
        """One line for the plan's summary."""
        count = len(self.files)
        does = (
            f"one commit on {self.branch} gives {count} file{'s' if count > 1 else ''} back the content of "
            f"{self.source[:12]}: {', '.join(sorted(self.files)[:6])}"
            if count
            else f"nothing to revert on {self.branch}"
        )
        return ". ".join([does, *self.notes])


@dataclass(frozen=True)
class GitReverts:
    """Finds out what a revert is. Reads only."""

    reader: ReleaseReader
    repository: Repository
    documents: Documents

    def plan(self, release: str, channel: str, source: str) -> Revert:
        """The revert of a channel to the commit `source` ('' is unknown: nothing is reverted, and it says so)."""
        spec, where = self.reader.channel(release, channel)
        tip = self.reader.commit(release, channel)
        if not source:
            return Revert(where.branch, tip, "", {}, (f"No commit of {where.branch} is known to give that revision",))
        shared = self._shared(release, channel, where.branch)
        files: dict[str, bytes | None] = {}
        stays: dict[str, str] = {}
        chart = where.chart or spec.chart
        folders = () if channels.remote(chart) else (chart,)
        for path in dict.fromkeys((*folders, *where.values)):
            for changed, data in self._changed(source, tip, path).items():
                reader = shared.get(changed) if changed in where.values else _reader(changed, shared)
                if reader:
                    stays[changed] = reader
                else:
                    files[changed] = data
        notes = [] if folders else [f"its chart {chart} is set in the channels file, which stays as it is"]
        notes += [f"{p} stays as it is: {who} reads it from the same branch" for p, who in sorted(stays.items())]
        more = [f"and {len(notes) - 4} more files stay"] if len(notes) > 4 else []
        marks = [told for path in where.values if path in files and (told := self._mark(path, tip, files[path]))]
        return Revert(where.branch, tip, source, files, (*notes[:4], *more, *marks))

    def _mark(self, path: str, tip: str, before: bytes | None) -> str:
        """What becomes of the mark of a steady state that was committed since; '' when it stays as it is."""
        now, then = (self._stable(data, path) for data in (self._tree(tip, path).get(path), before))
        name = ".".join(STABLE_TAG)
        return f"{name} of {path} goes back too, from {now or 'none'} to {then or 'none'}" if now != then else ""

    def _stable(self, data: bytes | None, path: str) -> str:
        try:
            found: object = self.documents.load(data, path) if data is not None else None
        except InputError:  # what can't be read has no mark that could be told
            return ""
        for name in STABLE_TAG:
            found = found.get(name) if isinstance(found, Mapping) else None
        return str(found) if found is not None else ""

    def _shared(self, release: str, channel: str, branch: str) -> dict[str, str]:
        """Paths that other channels read from this branch, each with one of its readers."""
        out: dict[str, str] = {}
        for spec in self.reader.catalogue().releases:
            for other in spec.channels:
                if other.branch == branch and (spec.name, other.name) != (release, channel):
                    chart = other.chart or spec.chart
                    folders = () if channels.remote(chart) else (chart,)
                    out |= dict.fromkeys((*folders, *other.values), f"{spec.name}/{other.name}")
        return out

    def _changed(self, source: str, tip: str, path: str) -> dict[str, bytes | None]:
        before, now = self._tree(source, path), self._tree(tip, path)
        return {p: before.get(p) for p in sorted({*before, *now}) if before.get(p) != now.get(p)}

    def _tree(self, commit: str, path: str) -> dict[str, bytes]:
        try:
            root = self.repository.export(commit, path)
        except NotFoundError:
            return {}
        if root.is_file():
            return {path: root.read_bytes()}
        return {_joined(path, file.relative_to(root)): file.read_bytes() for file in _files(root)}


def _files(root: Path) -> list[Path]:
    return sorted(file for file in root.rglob("*") if file.is_file())


def _joined(path: str, inner: Path) -> str:
    return inner.as_posix() if path == "." else f"{path}/{inner.as_posix()}"


def _reader(path: str, shared: Mapping[str, str]) -> str:
    """Who else reads that file, or ''."""
    inside = (who for folder, who in shared.items() if folder == "." or PurePosixPath(path).is_relative_to(folder))
    return next(inside, "")


@dataclass(frozen=True)
class GitRevert:
    """The operation `git_revert`: one commit with the reason and the Change's id, pushed with a compare."""

    reverts: GitReverts

    def prepare(self, context: Context) -> Facts:
        """What the plan says: the branch, its tip, and the commit to take the content from."""
        facts = context.change.plan.facts if context.change.plan else {}
        return {"branch": facts.get(BRANCH, ""), "tip": facts.get(TIP, ""), "source": facts.get(SOURCE, "")}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Commit it; nothing where the plan has nothing to revert. Raises what the repository raises."""
        branch = str(request["branch"])
        if not branch:
            return Observation.DONE, {"seen": "nothing to revert in Git"}
        parameters = context.change.parameters
        found = self.reverts.plan(str(parameters["release"]), str(parameters["channel"]), str(request["source"]))
        sha = self.reverts.repository.commit(
            branch, found.files, message(context.change), author(context.change), parent=str(request["tip"])
        )
        context.say(f"{branch} is at {sha[:12]}")
        return Observation.DONE, {"commit": sha, "branch": branch}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Look for a commit that names this Change."""
        if not request["branch"]:
            return Observation.DONE, {"seen": "nothing to revert in Git"}
        self.reverts.repository.fetch()
        for commit in self.reverts.repository.log(str(request["branch"]), limit=_LOOKED):
            if context.change.id in commit.subject:
                return Observation.DONE, {"commit": commit.sha, "branch": str(request["branch"])}
        return Observation.ABSENT, {"seen": f"no commit of {request['branch']} names {context.change.id}"}


def message(change: Change) -> str:
    """The message of the commit that a Change makes: its title and id first, so that it is found again."""
    return f"{change.title} ({change.id})\n\n{change.reason}\n\nChange: {change.id}\n"


def author(change: Change) -> Author:
    """Who the commit is by: the requester."""
    clean = "".join(c for c in change.requester.name if c.isprintable() and c not in "<>").strip() or "conductor"
    subject = change.requester.subject
    address = subject if subject.count("@") == 1 and subject.isascii() and subject.isprintable() else ""
    address = "" if any(c in address for c in "<> ") else address
    return Author(clean, address or "requester@maestro.invalid")
