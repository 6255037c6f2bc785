"""Set promotion: the versions that run and passed in one channel become those of the next, in Git, as one Change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import rollout_words, set_promotions, values
from conductor_core.domain.changes import Change
from conductor_core.domain.compatibility import Matrix
from conductor_core.domain.operations import Observation
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.set_promotions import Cause, Seen, Service
from conductor_core.domain.tiers import strictest
from conductor_core.errors import InputError, NotFoundError, StateError
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.git_reverts import author, message
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.release_history import ReleaseHistory
from conductor_core.services.values_edits import INSTANCE, Edit, ValuesEdits

TIP = "tip of "
"""How the facts begin that name the tip of each branch."""
_LOOKED = 50


@dataclass(frozen=True)
class SetPromotions:
    """Reads what a promotion would be; `matrix` reads the compatibility file when it is asked for."""

    edits: ValuesEdits
    history: ReleaseHistory
    rollouts: Rollouts
    quarantines: QuarantineService
    matrix: Callable[[], Matrix]

    def preview(
        self, source: str, target: str, releases: Sequence[str] = (), left_out: Sequence[str] = ()
    ) -> tuple[Seen, ...]:
        """Each service with its versions, promoted or with the cause that keeps it back; `releases` empty: all that
        have both channels. Raises `NotFoundError` when no release has them, `InputError`.
        """
        catalogue = self.edits.reader.catalogue()
        if source == target:
            raise InputError("A set can't be promoted to where it is.", why=source, next="Name two channels.")
        specs = [catalogue.release(name) for name in releases] or [
            r for r in catalogue.releases if {source, target} <= {c.name for c in r.channels}
        ]
        if not specs:
            raise NotFoundError(
                f"No release has both channels {source} and {target}.",
                why=f"Releases: {', '.join(r.name for r in catalogue.releases) or 'none'}.",
                next="Name two channels of one release.",
            )
        matrix = self.matrix()
        known = {s.name: {c.name for c in s.channels} for s in specs}
        found: list[Seen] = []
        for service in set_promotions.services(matrix, known):
            missing = sorted({source, target} - known[service.release])
            found.append(
                Seen(service).kept(Cause.NO_CHANNEL, f"{service.release} has no channel {missing[0]}.")
                if missing
                else self._seen(service, source, target)
            )
        return set_promotions.decide(found, matrix, left_out)

    def _seen(self, service: Service, source: str, target: str) -> Seen:
        theirs = str(self.edits.value(service.release, target, service.path) or "")
        seen = Seen(service, "", theirs)
        past = self.history.of(service.release, source)
        if not past:
            return seen.kept(Cause.NOTHING_RUNS)
        now = past[0]
        merged = values.merge(now.revision.defaults, now.revision.values)
        seen = Seen(service, str(values.at(merged, *service.path) or ""), theirs)
        if not seen.source:
            return seen.kept(Cause.NOTHING_RUNS, f"Its values hold no {service.value}.")
        mine = self._rollouts(service.release, source)
        moving = [r for r in mine if r.moving]
        if moving:
            return seen.kept(Cause.WAVE_RUNS, f"{moving[0].id} is at {moving[0].actual} %.")
        quarantined = [q for q in self.quarantines.active(service.release) if q.version in (seen.source, now.version)]
        if quarantined:
            return seen.kept(Cause.QUARANTINED, quarantined[0].reason)
        bad = [r for r in mine if rollout_words.red(r)]
        if bad or not now.good:
            why = (
                f"{bad[0].id}: {rollout_words.why(bad[0])}"
                if bad
                else f"Revision {now.revision.revision} was not good."
            )
            return seen.kept(Cause.NOT_VERIFIED, why)
        return seen

    def _rollouts(self, release: str, channel: str) -> list[Rollout]:
        namespace = self.edits.reader.namespace(release, channel)
        return [r for r in self.rollouts.all(namespace) if dict(r.labels).get(INSTANCE) == release]

    def plan(self, change: Change) -> Draft:
        """The plan function `set_promote`: one commit a branch. Raises `StateError` when every service is kept back."""
        self.edits.reader.refresh()
        asked = _asked(change)
        found = self.preview(*asked)
        moved = [s for s in found if s.moves]
        kept = [f"{s.service.name} ({s.cause.value})" for s in found if s.cause]
        if not moved:
            raise StateError(
                f"Nothing is to be promoted from {asked[0]} to {asked[1]}.",
                why="; ".join(f"{s.service.name}: {s.cause}. {s.why}".strip() for s in found),
                next="Clear the cause of a service, then request it again.",
            )
        edits, target = self._edits(moved, asked[1]), asked[1]
        drafts = [self.edits.rendered(r, target, edits) for r in dict.fromkeys(s.service.release for s in moved)]
        tiers = [self.edits.reader.channel(s.service.release, target)[1].tier for s in moved]
        told = ", ".join(f"{s.service.name} {s.target or 'none'} → {s.source}" for s in moved)
        return Draft(
            {
                "values.diff": ("text/x-diff", "".join(e.diff for e in edits).encode()),
                "set.json": ("application/json", json.dumps([s.as_json() for s in found], indent=2).encode()),
            },
            {f"{TIP}{e.branch}": e.tip for e in edits} | {f"promotes {s.service.name}": s.source for s in moved},
            {
                "does": f"one commit on {', '.join(sorted({e.branch for e in edits}))}: {told}",
                "skipped": "; ".join(kept) or "none",
                "next": "Deploy the releases of the channel; what an Application owns syncs by itself.",
            },
            tuple(o for objects, _ in drafts for o in objects),
            drafts[0][1] if len(drafts) == 1 else {},
            tier=strictest(tiers),
        )

    def _edits(self, moved: Sequence[Seen], target: str) -> tuple[Edit, ...]:
        return self.edits.edit_all([(s.service.release, target, s.service.path, s.source) for s in moved])

    def files(self, change: Change) -> tuple[Edit, ...]:
        """The edits of a planned promotion, as its facts name them."""
        facts = change.plan.facts if change.plan else {}
        wanted = {k.removeprefix("promotes "): v for k, v in facts.items() if k.startswith("promotes ")}
        known = set_promotions.services(self.matrix(), [r.name for r in self.edits.reader.catalogue().releases])
        target = _asked(change)[1]
        return self.edits.edit_all([(s.release, target, s.path, wanted[s.name]) for s in known if s.name in wanted])


@dataclass(frozen=True)
class SetCommit:
    """The operation `set_commit`: one commit on each branch, pushed with a compare on the planned tip."""

    promotions: SetPromotions

    def prepare(self, context: Context) -> Facts:
        """The tip of each branch, as the plan names it."""
        facts = context.change.plan.facts if context.change.plan else {}
        return {"tips": {k.removeprefix(TIP): v for k, v in facts.items() if k.startswith(TIP)}}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Commit; a branch that has the commit already is left alone. Raises what the repository raises."""
        change, repository = context.change, self.promotions.edits.repository
        done, tips = self._done(change, _tips(request)), _tips(request)
        edits = self.promotions.files(change)
        for branch in sorted(tips.keys() - done.keys()):
            files: dict[str, bytes | None] = {e.path: e.after for e in edits if e.branch == branch}
            done[branch] = repository.commit(branch, files, message(change), author(change), parent=tips[branch])
            context.say(f"{branch} is at {done[branch][:12]}")
        return Observation.DONE, {"commits": done, "detail": "; ".join(f"{b} at {s[:12]}" for b, s in done.items())}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Done when each branch has a commit that names this Change; what is missing is committed, nothing twice."""
        self.promotions.edits.repository.fetch()
        tips = _tips(request)
        done = self._done(context.change, tips)
        left = sorted(tips.keys() - done.keys())
        if left:
            return Observation.ABSENT, {"seen": f"no commit of {', '.join(left)} names {context.change.id}"}
        return Observation.DONE, {"commits": done}

    def _done(self, change: Change, tips: Mapping[str, str]) -> dict[str, str]:
        repository = self.promotions.edits.repository
        found = {b: [c.sha for c in repository.log(b, limit=_LOOKED) if change.id in c.subject] for b in tips}
        return {branch: shas[0] for branch, shas in found.items() if shas}


def _asked(change: Change) -> tuple[str, str, list[str], list[str]]:
    given = change.parameters
    lists = [
        [str(v) for v in found] if isinstance(found := given.get(k), list) else [] for k in ("releases", "left_out")
    ]
    return str(given.get("source", "")), str(given.get("to", "")), lists[0], lists[1]


def _tips(request: Mapping[str, object]) -> dict[str, str]:
    found: Any = request.get("tips")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
