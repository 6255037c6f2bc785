"""Fleets: Rollouts that move in lockstep, so that one act reverses all of them.

A Rollout names its fleet with the label `conductor.summit.example/fleet`; without it, the Rollouts of one pipeline (an
ApplicationSet) are one, and so are those of one name that run the same new version in several namespaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conductor_core.domain.rollouts import Rollout

LABEL = "conductor.summit.example/fleet"


@dataclass(frozen=True)
class Fleet:
    """A named group of Rollouts; `why` says what binds them."""

    name: str
    why: str
    members: tuple[Rollout, ...]

    @property
    def moving(self) -> tuple[Rollout, ...]:
        """The members that are on their way to a new version."""
        return tuple(m for m in self.members if m.moving)


def fleets(rollouts: Iterable[Rollout], pipelines: Mapping[tuple[str, str], str]) -> tuple[Fleet, ...]:
    """Every group of two members at least, by name; `pipelines` gives the pipeline of a Rollout (namespace, name)."""
    groups: dict[tuple[str, str], list[Rollout]] = {}
    for rollout in rollouts:
        label = dict(rollout.labels).get(LABEL, "")
        pipeline = pipelines.get((rollout.namespace, rollout.name), "")
        if label:
            key = (label, "labelled")
        elif pipeline:
            key = (pipeline, "made by one pipeline")
        else:
            key = (f"{rollout.name} {rollout.version}".strip(), "one name and version in several namespaces")
        groups.setdefault(key, []).append(rollout)
    found = [Fleet(name, why, tuple(m)) for (name, why), m in groups.items() if len(m) > 1 or why == "labelled"]
    return tuple(sorted(found, key=lambda f: f.name))
