"""Actors: who acts, under one normalised subject, with which roles (security rules 1, 2 and 4)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from conductor_core.errors import AccessDeniedError


class Role(StrEnum):
    """What an actor may be; an actor may have several."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    CAPTAIN = "captain"
    BREAK_GLASS = "break_glass"


@dataclass(frozen=True)
class Actor:
    """A person or a machine account. `name` is for reading only; decisions use `key`."""

    issuer: str
    subject: str
    name: str
    roles: frozenset[Role]

    @property
    def key(self) -> str:
        """Issuer and subject, normalised (NFKC, case folded, trimmed): equal for every spelling of one identity."""
        return f"{_normal(self.issuer).rstrip('/')}|{_normal(self.subject)}"

    def has(self, role: Role) -> bool:
        """True when the actor holds the role."""
        return role in self.roles


_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters without a shape that aren't of category Cf (Default_Ignorable_Code_Point, and the blank Braille cell)."""


def _normal(text: str) -> str:
    seen = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    seen = "".join(c for c in seen if unicodedata.category(c) not in ("Cf", "Cc"))
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).strip().casefold())


LOCAL_ISSUER = "local"

LOCAL_ACTORS: dict[str, Actor] = {
    "requester": Actor(LOCAL_ISSUER, "requester", "requester", frozenset({Role.VIEWER, Role.OPERATOR})),
    "approver": Actor(LOCAL_ISSUER, "approver", "approver", frozenset({Role.VIEWER, Role.APPROVER})),
    "captain": Actor(LOCAL_ISSUER, "captain", "captain", frozenset(Role)),
}
"""The named identities of the local mode, so that separation of duties can be tried on one machine."""


def local_actor(name: str, *, allowed: bool) -> Actor:
    """The local identity of that name; raises `AccessDeniedError` when they are off or the name is unknown."""
    if not allowed:
        raise AccessDeniedError(
            "Local identities are off.", why="CONDUCTOR_IDENTITY_MODE is oidc.", next="Sign in instead."
        )
    if name not in LOCAL_ACTORS:
        raise AccessDeniedError(
            f"There is no local identity {name!r}.", why=f"Known: {', '.join(LOCAL_ACTORS)}.", next="Name one of them."
        )
    return LOCAL_ACTORS[name]


SYSTEM = Actor("conductor", "worker", "conductor worker", frozenset({Role.VIEWER}))
"""The worker, as the actor of facts that no person caused."""
