"""Promotion of a set: which version of each service goes from one channel to the next, and why the others stay.

What keeps a service back is one of a closed list of causes, so that a set that was promoted in part says exactly what
it left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from conductor_core.domain import compatibility
from conductor_core.domain.compatibility import Matrix
from conductor_core.errors import InputError


class Cause(StrEnum):
    """Every reason for which a service is left where it is."""

    LEFT_OUT = "left out by request"
    NO_CHANNEL = "no such channel"
    NOTHING_RUNS = "nothing runs in the source"
    WAVE_RUNS = "wave under way in the source"
    NOT_VERIFIED = "not verified in the source"
    QUARANTINED = "version in quarantine"
    SAME = "same version already"
    OLDER = "target is newer"
    INCOMPATIBLE = "does not work with the rest"


@dataclass(frozen=True)
class Service:
    """One service: a component that the compatibility file names, or a release as a whole; `value` is where the version
    stands in its values.
    """

    name: str
    release: str
    value: str = "image.tag"

    @property
    def path(self) -> tuple[str, ...]:
        """The path of its version."""
        return tuple(self.value.split("."))


@dataclass(frozen=True)
class Seen:
    """What was found of a service: the versions here and there, and what already keeps it back (None: nothing)."""

    service: Service
    source: str = ""
    target: str = ""
    cause: Cause | None = None
    why: str = ""

    @property
    def moves(self) -> bool:
        """Whether it is promoted."""
        return self.cause is None

    def kept(self, cause: Cause, why: str = "") -> Seen:
        """The same one, kept back."""
        return replace(self, cause=cause, why=why)

    def as_json(self) -> dict[str, str]:
        """Plain JSON."""
        said = {"service": self.service.name, "release": self.service.release, "from": self.source, "to": self.target}
        return said | {"skipped": self.cause.value if self.cause else "", "why": self.why}


def services(matrix: Matrix, releases: Iterable[str]) -> tuple[Service, ...]:
    """The components of each release; a release of which none is named is one service."""
    out: list[Service] = []
    for release in releases:
        mine = [Service(c.name, release, c.value) for c in matrix.components if c.release == release]
        out += mine or [Service(release, release)]
    return tuple(out)


def decide(found: Sequence[Seen], matrix: Matrix, left_out: Iterable[str] = ()) -> tuple[Seen, ...]:
    """What is promoted and what stays. Raises `InputError` for a service to be left out that there isn't."""
    wanted = set(left_out)
    unknown = sorted(wanted - {s.service.name for s in found})
    if unknown:
        raise InputError(
            f"There is no service {unknown[0]!r} to leave out.",
            why=f"Services: {', '.join(s.service.name for s in found) or 'none'}.",
            next="Name one of them.",
        )
    out = [_own(s.kept(Cause.LEFT_OUT) if s.service.name in wanted else s) for s in found]
    while broken := _broken(out, matrix):
        at, why = broken
        out[at] = out[at].kept(Cause.INCOMPATIBLE, why)
    return tuple(out)


def _own(seen: Seen) -> Seen:
    if not seen.moves:
        return seen
    if seen.source == seen.target:
        return seen.kept(Cause.SAME)
    if _newer(seen.target, seen.source):
        return seen.kept(Cause.OLDER, f"{seen.target} is newer than {seen.source}; roll back if that is wanted.")
    return seen


def _newer(one: str, other: str) -> bool:
    try:
        return compatibility.key(one) > compatibility.key(other)
    except InputError:
        return False  # versions that have no order are taken as they are


def _broken(found: Sequence[Seen], matrix: Matrix) -> tuple[int, str] | None:
    """The first service whose promotion would break the target's set, and why; None when the set works."""
    versions = {s.service.name: s.source if s.moves else s.target for s in found}
    for need in matrix.requires:
        said = _conflicts(replace(matrix, requires=(need,)), versions)
        names = {need.component, *(name for name, _ in need.needs)}
        moving = [at for at, s in enumerate(found) if s.moves and s.service.name in names]
        if said and moving:
            return moving[0], said[0]
    return None


def _conflicts(matrix: Matrix, versions: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return compatibility.conflicts(matrix, versions)
    except InputError:
        return ()  # a version that is no semantic one is declared by no range
