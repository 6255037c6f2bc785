"""Partial rollback: one component alone, if the declared compatibility and the record say that it is safe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import compatibility, values
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change, State
from conductor_core.domain.compatibility import Answer, Matrix
from conductor_core.domain.releases import Revision, Status
from conductor_core.errors import InputError, NotFoundError, RefusedError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.ports.documents import Documents
from conductor_core.services.changes import ChangeService
from conductor_core.services.releases import ReleaseReader


@dataclass(frozen=True)
class PartialRollback:
    """`matrix` reads the compatibility file when it is asked for."""

    reader: ReleaseReader
    changes: ChangeService
    store: ChangeStore
    documents: Documents
    matrix: Callable[[], Matrix]

    def components(self, release: str) -> tuple[str, ...]:
        """The components of a release that the compatibility file declares."""
        return tuple(c.name for c in self.matrix().components if c.release == release)

    def ask(self, release: str, channel: str, component: str, version: str = "") -> Answer:
        """Whether a component can go back alone; `version` '': the newest one before the running. Raises
        `NotFoundError` for an unknown component or no earlier version.
        """
        matrix = self.matrix()
        mine = {c.name: c for c in matrix.components if c.release == release}
        if component not in mine:
            raise NotFoundError(
                f"{release} has no component {component!r}.",
                why=f"data/compatibility.yaml names: {', '.join(mine) or 'none'}.",
                next="Name one of them.",
            )
        history = self.reader.history(release, channel)
        defaults = self._defaults(release, channel)
        sets = [(r, {n: _version(r.values, defaults, c.value) for n, c in mine.items()}) for r in history]
        running = next((found for r, found in reversed(sets) if r.status is Status.DEPLOYED), None)
        if running is None:
            raise NotFoundError(f"{release} is not installed in {channel}.", next="Deploy it first.")
        earlier = [found[component] for _, found in reversed(sets) if found[component] not in ("", running[component])]
        wanted = version or (earlier[0] if earlier else "")
        if not wanted:
            raise NotFoundError(f"{component} has no earlier version in {channel}.", next="Name one with --to-version.")
        compatibility.key(wanted)
        available = {n: sorted({found[n] for _, found in sets if found[n]}) for n in mine}
        passed = self._passed(release, channel, [(r, found) for r, found in sets])
        return compatibility.solve(
            matrix, {n: v for n, v in running.items() if v}, {component: wanted}, available, passed
        )

    def request(
        self,
        actor: Actor,
        release: str,
        channel: str,
        component: str,
        reason: str,
        version: str = "",
        *,
        together: bool = False,
    ) -> Change:
        """Request it as a deploy of that component's version alone; `together`: of the smallest safe set, when alone
        it would break something. Raises `RefusedError` with the set that works.
        """
        answer = self.ask(release, channel, component, version)
        if not answer.safe and not (together and answer.versions):
            works = ", ".join(f"{n} {v}" for n, v in answer.changes.items())
            raise RefusedError(
                f"{component} {answer.wish[component]} alone would break {release} in {channel}.",
                why=" ".join(answer.breaks),
                next=f"Roll back together (`--together`): {works}."
                if works
                else "No set of the kept versions works: deploy forward.",
            )
        paths = {c.name: c.value for c in self.matrix().components}
        whole = answer.versions or answer.changes  # what was set by hand beside the branch stays as it is
        sets = {paths[name]: version for name, version in whole.items()}
        given: dict[str, object] = {"release": release, "channel": channel, "sets": sets}
        return self.changes.request(actor, "deploy_release", given, reason)

    def _passed(self, release: str, channel: str, sets: list[tuple[Revision, dict[str, str]]]) -> list[dict[str, str]]:
        """The sets whose Change ended with every post-flight check passed."""
        query = ChangeQuery(target=f"release/{release}@{channel}", states=frozenset({State.SUCCEEDED}), limit=200)
        good = {c.id for c in self.store.find(query) if c.checks and all(check.passed for check in c.checks)}
        return [found for revision, found in sets if revision.operation_id in good]

    def _defaults(self, release: str, channel: str) -> dict[str, Any]:
        request = self.reader.chart_request(release, channel)
        own = request.chart / "values.yaml"
        if not own.is_file():
            return {}
        loaded = self.documents.load(own.read_bytes(), own.name)
        return loaded if isinstance(loaded, dict) else {}


def _version(given: object, defaults: dict[str, Any], path: str) -> str:
    parts = path.split(".")
    found = values.at(given, *parts) if isinstance(given, dict) else None
    chosen = found or values.at(defaults, *parts)
    if chosen is not None and not isinstance(chosen, str | int | float):
        raise InputError(f"{path} is no version.", why=repr(chosen))
    return str(chosen or "")
