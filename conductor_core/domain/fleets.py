"""Fleets: Rollouts that move in lockstep, so that one act reverses all of them.

A Rollout names its fleet with the label `conductor.summit.example/fleet`; without it, the Rollouts of one pipeline (an
ApplicationSet) are one, and so are those of one name that run the same new version in several namespaces or clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from conductor_core.domain.rollouts import Rollout
from conductor_core.errors import InputError, NotFoundError

LABEL = "conductor.summit.example/fleet"
LABELLED, PIPELINE = "one label", "one pipeline"
VERSIONED = "one name and version"


class Member(NamedTuple):
    """Where a Rollout of a fleet is; `cluster` is a context, '' for the cluster that the product works on."""

    cluster: str
    namespace: str
    name: str

    @property
    def id(self) -> str:
        """As `Rollout.id` says it."""
        return "/".join(filter(None, self))


ABORT, EMERGENCY = "fleet_abort", "emergency_fleet_abort"
"""The runbooks that abort a fleet: as others approve it, and at once."""


def member(text: str) -> Member:
    """The place that an id names: `namespace/name` or `cluster/namespace/name`, a cluster's name may hold slashes.

    Raises `InputError` for anything else.
    """
    parts = text.rsplit("/", 2)
    if len(parts) < 2 or not all(parts):
        raise InputError(
            f"{text!r} names no rollout.",
            why="A rollout is named by namespace and name, in another cluster with its context before them.",
            next="Write NAMESPACE/NAME or CONTEXT/NAMESPACE/NAME, as `conductor delivery list` shows it.",
        )
    return Member(*parts) if len(parts) == 3 else Member("", *parts)


def listed(parameters: Mapping[str, object]) -> tuple[str, ...]:
    """The ids of the members that the abort of a fleet was given, each once."""
    members = parameters.get("members")
    return tuple(dict.fromkeys(str(one) for one in members)) if isinstance(members, list) else ()


@dataclass(frozen=True)
class Fleet:
    """A named group of Rollouts; `why` says what binds them, `silent` which clusters did not answer: what runs there is
    not among the members.
    """

    name: str
    why: str
    members: tuple[Rollout, ...]
    silent: tuple[str, ...] = ()

    @property
    def moving(self) -> tuple[Rollout, ...]:
        """The members that are on their way to a new version."""
        return tuple(m for m in self.members if m.moving)

    @property
    def parameters(self) -> dict[str, object]:
        """What the runbooks that abort it are given."""
        return {"fleet": self.name, "members": [m.id for m in self.members], "silent": list(self.silent)}


def named(known: Sequence[Fleet], name: str) -> Fleet:
    """The fleet of that name; raises `NotFoundError`."""
    found = next((f for f in known if f.name == name), None)
    if found is None:
        names = ", ".join(f.name for f in known) or "none"
        raise NotFoundError(f"There is no fleet {name!r}.", why=f"Known: {names}.", next="Label rollouts, or name one.")
    return found


def fleets(
    rollouts: Iterable[Rollout], pipelines: Mapping[tuple[str, str], str], silent: tuple[str, ...] = ()
) -> tuple[Fleet, ...]:
    """Every group of two members at least, by name; `pipelines` gives the pipeline of a Rollout (namespace, name), the
    same in each cluster.
    """
    groups: dict[tuple[str, str], list[Rollout]] = {}
    for rollout in rollouts:
        label = dict(rollout.labels).get(LABEL, "")
        pipeline = pipelines.get((rollout.namespace, rollout.name), "")
        if label:
            key = (label, LABELLED)
        elif pipeline:
            key = (pipeline, PIPELINE)
        else:
            key = (f"{rollout.name} {rollout.version}".strip(), VERSIONED)
        groups.setdefault(key, []).append(rollout)
    found = [Fleet(name, why, tuple(m), silent) for (name, why), m in groups.items() if len(m) > 1 or why == LABELLED]
    return tuple(sorted(found, key=lambda f: f.name))
