"""Smoke suites: run against a release in a channel, kept, trended, asked for before a deploy and run after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from conductor_core.domain import smoke as rules
from conductor_core.domain.actors import Actor
from conductor_core.domain.events import Fact
from conductor_core.domain.smoke import SmokeRun, Suite
from conductor_core.errors import ConfigurationError, NotFoundError, OffError
from conductor_core.ports.clock import Clock
from conductor_core.ports.smoke import LoadProgram, SmokeRuns, SmokeSuites, Suites
from conductor_core.services.ledger import Ledger
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.smoke_runner import Say, SmokeRunner
from conductor_core.settings import Settings

ENDED = "conductor.smoke.ended.v1"
K6_SPARE = 120.0
"""Seconds that k6 may take beyond a suite's duration."""


@dataclass(frozen=True)
class SmokeParts:
    """What the service stands on. `addresses`: the configured bases by name, with {release} and {namespace}."""

    files: SmokeSuites
    runs: SmokeRuns
    runner: SmokeRunner
    k6: LoadProgram
    addresses: Callable[[], dict[str, str]]
    monotonic: Callable[[], float]


class SmokeService:
    """Runs suites and answers questions about past runs."""

    def __init__(self, parts: SmokeParts, releases: ReleaseReader, ledger: Ledger, clock: Clock) -> None:
        self._parts, self._releases, self._ledger, self._clock = parts, releases, ledger, clock

    def suites(self) -> Suites:
        """Every suite, and files that are none."""
        return self._parts.files.suites()

    def suite(self, name: str) -> Suite:
        """The suite of that name; raises `NotFoundError` that lists the known, or says what is wrong with its file."""
        found = self.suites()
        if name in found.suites:
            return found.suites[name]
        broken = next((b for b in found.broken if b.file.rpartition(".")[0] == name), None)
        raise NotFoundError(
            f"The smoke suite {name} can't be used." if broken else f"There is no smoke suite {name!r}.",
            why=broken.problem if broken else f"Known: {', '.join(sorted(found.suites)) or 'none'}.",
            next=f"Correct runbooks/smoke/{broken.file}." if broken else "Run `conductor smoke` for the list.",
        )

    def of(self, release: str) -> list[Suite]:
        """The suites of a release, by name."""
        return [suite for _, suite in sorted(self.suites().suites.items()) if suite.about(release)]

    def address(self, suite: Suite, release: str, channel: str) -> str:
        """Where the suite is run against; raises `OffError` when its base isn't configured."""
        known = self._parts.addresses()
        form = known.get(suite.base, "")
        if not form:
            raise OffError(
                f"The address {suite.base!r} of the smoke suite {suite.name} is not configured.",
                why=f"Configured: {', '.join(sorted(n for n, a in known.items() if a)) or 'none'}.",
                next=f"Set CONDUCTOR_SMOKE_URLS={suite.base}=URL, or start the local control plane (`conductor up`).",
            )
        if "{namespace}" in form or "{release}" in form:
            return form.format(namespace=self._releases.namespace(release, channel), release=release)
        return form

    def run(
        self,
        name: str,
        release: str,
        channel: str,
        actor: Actor,
        say: Say,
        *,
        concurrency: int = 0,
        duration: float = -1.0,
        change_id: str = "",
    ) -> SmokeRun:
        """Run a suite to its end, keep the run and record it. `concurrency` and `duration` (seconds) beat the suite's
        own when given. Raises `NotFoundError`, `OffError`, and the store's errors; a failure of the API is a
        run that did not pass, not an error.
        """
        suite = self.suite(name)
        release = release or suite.release
        address = self.address(suite, release, channel)
        if concurrency:
            suite = replace(suite, concurrency=concurrency)
        if duration >= 0:
            suite = replace(suite, duration=duration)
        say(f"{suite.title}: {address}")
        at, started = self._clock.now(), self._parts.monotonic()
        if suite.k6:
            script = self._parts.files.script(suite)
            checks, problems = self._parts.k6.run(script, address, say, suite.duration + K6_SPARE)
            problems = (*problems, *rules.problems(suite.thresholds, checks))
        else:
            checks = self._parts.runner.run(suite, address, say)
            problems = rules.problems(suite.thresholds, checks)
        run = SmokeRun(
            id=self._clock.new_id("smk"),
            suite=name,
            digest=suite.digest,
            release=release,
            channel=channel,
            address=address,
            at=at,
            seconds=self._parts.monotonic() - started,
            checks=checks,
            problems=problems,
            by=actor.name,
            engine="k6" if suite.k6 else "built-in",
            change_id=change_id,
        )
        self._parts.runs.put(run, self._ledger.stamp([_ended(run)], change_id or run.id, actor))
        say(f"{name}: {'passed' if run.passed else 'FAILED'}: {run.told}")
        return run

    def runs(self, *, suite: str = "", release: str = "", channel: str = "", limit: int = 100) -> list[SmokeRun]:
        """Past runs, newest first."""
        return self._parts.runs.of(suite=suite, release=release, channel=channel, limit=limit)

    def latest(self, suite: str, release: str, channel: str) -> SmokeRun | None:
        """The newest run of a suite there."""
        return next(iter(self.runs(suite=suite, release=release, channel=channel, limit=1)), None)

    def now(self) -> datetime:
        """The present moment."""
        return self._clock.now()


def _ended(run: SmokeRun) -> Fact:
    return Fact(
        ENDED,
        {
            "run": run.id,
            "suite": run.suite,
            "suite_digest": run.digest,
            "release": run.release,
            "channel": run.channel,
            "passed": run.passed,
            "requests": run.requests,
            "failures": run.failures,
            "p95": run.p95,
            "problems": list(run.problems),
            "engine": run.engine,
        },
    )


def addresses(now: Settings) -> dict[str, str]:
    """The bases that suites may name: those of the settings, `intelgraph`, and `conductor`, this product's own API.

    Raises `ConfigurationError` when CONDUCTOR_SMOKE_URLS can't be read.
    """
    out = {"intelgraph": now.intelgraph_url, "conductor": now.api_address}
    for part in filter(None, (p.strip() for p in now.smoke_urls.split(","))):
        name, sign, url = part.partition("=")
        if not sign or not url.strip().startswith(("http://", "https://")):
            raise ConfigurationError(
                "CONDUCTOR_SMOKE_URLS can't be read.", why=f"{part!r} is not name=URL.", next="Write shop=https://..."
            )
        out[name.strip()] = url.strip()
    return out
