"""Reads of releases that pages share, kept for seconds: smoke suites, versions, values with their sources."""

from __future__ import annotations

from app import runtime
from app.queries import kept
from conductor_core.domain.smoke import SmokeRun, Suite
from conductor_core.domain.value_sources import Sourced
from conductor_core.domain.versions import Compatibility
from conductor_core.domain.web_assets import Page
from conductor_core.services.release_stuck import Stuck


@kept(5)
def smoke_suites(release: str) -> tuple[list[Suite], list[tuple[str, str]]]:
    """The smoke suites of a release, and the files that are none with their problems."""
    service = runtime.conductor().smoke
    return service.of(release), [(b.file, b.problem) for b in service.suites().broken]


@kept(3)
def smoke_runs(release: str, channel: str) -> list[SmokeRun]:
    """The newest runs of any suite there."""
    return runtime.conductor().smoke.runs(release=release, channel=channel, limit=100)


@kept(20)
def compatibility(release: str, channel: str) -> Compatibility:
    """What chart, values, labels and the API state as the version."""
    return runtime.conductor().compatibility.of(release, channel)


@kept(30)
def sourced_values(release: str, ref: str) -> list[Sourced]:
    """Every value of a state with the file and line that it comes from, secrets hidden."""
    return list(runtime.conductor().release_values.of(release, ref))


@kept(5)
def stuck(release: str, channel: str) -> Stuck | None:
    """What of the release is in the middle of an act, or None."""
    return runtime.conductor().stuck.of(release, channel)


@kept(5)
def ui_page(release: str, channel: str) -> Page:
    """The page of its UI with the files that it names."""
    return runtime.conductor().ui_assets.look(release, channel)
