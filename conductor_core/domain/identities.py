"""From verified sign-in claims to an actor: groups of the provider give the roles (security rule 4).

That somebody came, and with which roles, is a fact of the record.
"""

from __future__ import annotations

from collections.abc import Mapping

from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.canonical import digest_bytes
from conductor_core.domain.events import Fact
from conductor_core.errors import AccessDeniedError, ConfigurationError

SEEN = "conductor.identity.seen.v1"
CHANGED = "conductor.identity.changed.v1"
LONGEST = 512
"""Characters of a key that a subject of events holds; PostgreSQL's indexes end at 2,704 bytes."""

RoleRules = Mapping[Role, frozenset[str]]
"""Which groups hold a role."""


def role_rules(text: str) -> RoleRules:
    """The rules of `captain=group,group; approver=group`; raises `ConfigurationError` that names the bad part.

    Whoever signs in is a viewer; `viewer` is no rule.
    """
    rules: dict[Role, frozenset[str]] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, given, groups = part.partition("=")
        known = [role.value for role in Role if role is not Role.VIEWER]
        found = frozenset(filter(None, (g.strip() for g in groups.split(","))))
        if name.strip() not in known or not given or not found:
            raise ConfigurationError(
                f"CONDUCTOR_OIDC_ROLES has a part that can't be read: {part!r}.",
                why=f"Each part is ROLE=GROUP,GROUP with a role out of {', '.join(known)}.",
                next="Write it like captain=release-captains; approver=release-approvers,sre.",
            )
        rules[Role(name.strip())] = rules.get(Role(name.strip()), frozenset()) | found
    return rules


def actor_of(claims: Mapping[str, object], groups_claim: str, rules: RoleRules) -> Actor:
    """The actor of these verified claims (OpenID Connect Core 1.0, section 5.1).

    The name is for reading only: `name`, else `preferred_username`, else `email`, else the subject. Raises
    `AccessDeniedError` without an issuer or a subject.
    """
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str) or not issuer.strip() or not subject.strip():
        raise AccessDeniedError(
            "The sign-in does not say who you are.",
            why="Its claims have no issuer (iss) or no subject (sub).",
            next="Ask whoever keeps the single sign-on provider to send both.",
        )
    told = claims.get(groups_claim)
    many = told if isinstance(told, (list, tuple)) else [told]
    groups = {group for group in many if isinstance(group, str)}
    names = (claims.get(key) for key in ("name", "preferred_username", "email"))
    name = next((n.strip() for n in names if isinstance(n, str) and n.strip()), subject)
    held = {role for role, wanted in rules.items() if groups & wanted}
    return Actor(issuer, subject, name, frozenset({Role.VIEWER} | held))


def subject_of(actor: Actor) -> str:
    """What facts about this identity are filed under: its key, or the key's digest where that is longer than an index
    takes."""
    key = actor.key
    return "identity/" + (key if len(key) <= LONGEST else digest_bytes(key.encode("utf-8", "surrogatepass")))


def met(actor: Actor, before: frozenset[str] | None) -> Fact | None:
    """The fact that this identity came with its roles; `before`: those it had the last time, None: it never came.

    None when there is nothing new.
    """
    roles = frozenset(role.value for role in actor.roles)
    name = actor.name.encode("utf-8", "replace").decode().replace("\0", "?")  # as it can be stored
    said: dict[str, object] = {"name": name, "issuer": actor.issuer, "roles": sorted(roles)}
    if before is None:
        return Fact(SEEN, said)
    if roles == before:
        return None
    return Fact(CHANGED, said | {"added": sorted(roles - before), "removed": sorted(before - roles)})
