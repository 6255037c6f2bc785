"""Smoke suites around a deploy: a green run asked for before it, the suites run after it, and a run as a Change."""

from __future__ import annotations

from dataclasses import dataclass

from conductor_core.domain.changes import Change
from conductor_core.domain.gates import Reason, Verdict, verdict
from conductor_core.domain.smoke import Suite
from conductor_core.errors import ConfigurationError
from conductor_core.services.checks import Look
from conductor_core.services.operations import Context
from conductor_core.services.planning import Draft
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.smoke import SmokeService

GATE = "smoke"


@dataclass(frozen=True)
class SmokeGate:
    """Asks for a recent green run of each suite with `before`, in the channel before this one (in the first: in it)."""

    smoke: SmokeService
    reader: ReleaseReader

    def __call__(self, change: Change, draft: Draft) -> list[Verdict]:
        """One verdict; raises `NotFoundError` for an unknown release or channel."""
        release, channel = (str(change.parameters.get(name, "")) for name in ("release", "channel"))
        where = self._channel_before(release, channel)
        denials: list[Reason] = []
        warnings: list[Reason] = []
        for suite in self.smoke.of(release):
            reason = self._missing(suite, release, where) if suite.before != "off" else None
            if reason is not None:
                (denials if suite.before == "deny" else warnings).append(reason)
        rules = 1 + len(self.smoke.suites().suites)
        return [verdict(GATE, denials=denials, warnings=warnings, rules_run=rules)]

    def _channel_before(self, release: str, channel: str) -> str:
        names = [c.name for c in self.reader.channel(release, channel)[0].channels]
        return names[max(0, names.index(channel) - 1)]

    def _missing(self, suite: Suite, release: str, channel: str) -> Reason | None:
        run = self.smoke.latest(suite.name, release, channel)
        act = f"conductor smoke {suite.name} --release {release} --channel {channel} --as WHO"
        if run is None:
            text = f"{suite.title}: it was never run in {channel}."
        elif not run.passed:
            text = f"{suite.title}: its last run in {channel} failed: {run.told}"
        elif (self.smoke.now() - run.at).total_seconds() > suite.max_age:
            text = f"{suite.title}: its last green run in {channel} was {run.at:%Y-%m-%d %H:%M} UTC, too long ago."
        else:
            return None
        return Reason(f"smoke/{suite.name}", text, run.id if run else "", act)


@dataclass(frozen=True)
class SmokeCheck:
    """The post-flight check `smoke`: every suite with `after`, or the one that the Change names, is run and passes."""

    smoke: SmokeService

    def __call__(self, context: Context) -> Look:
        """Run them; a failure is final, since a second try would hide it."""
        change = context.change
        release, channel = (str(change.parameters.get(name, "")) for name in ("release", "channel"))
        named = str(change.parameters.get("suite", ""))
        wanted = [self.smoke.suite(named)] if named else [s for s in self.smoke.of(release) if s.after]
        if not wanted:
            return Look.skipped("no suite is declared for this release")
        told, unasked, bad = [], [], False
        for suite in wanted:
            try:
                run = self.smoke.run(suite.name, release, channel, change.requester, context.say, change_id=change.id)
            except ConfigurationError as off:
                if named:
                    return Look(False, str(off), True)
                unasked.append(f"{suite.name}: {off.what}")
                continue
            bad = bad or not run.passed
            told.append(f"{suite.name} {'passed' if run.passed else 'failed'}: {run.told}")
        if not told:
            return Look.skipped("; ".join(unasked))
        return Look(not bad, "; ".join([*told, *(f"not asked: {why}" for why in unasked)]), bad)


@dataclass(frozen=True)
class SmokePlan:
    """The plan function `smoke`: which suite is run against which address."""

    smoke: SmokeService

    def __call__(self, change: Change) -> Draft:
        """Names suite and address; raises `NotFoundError`, `ConfigurationError`."""
        suite = self.smoke.suite(str(change.parameters.get("suite", "")))
        release, channel = (str(change.parameters.get(name, "")) for name in ("release", "channel"))
        address = self.smoke.address(suite, release or suite.release, channel)
        load = f"{suite.concurrency} callers for {suite.duration:g} s" if suite.duration else "each check once"
        return Draft(
            facts={"suite": suite.digest, "address": address},
            summary={"does": f"{suite.title} against {address}", "load": "k6" if suite.k6 else load},
        )
