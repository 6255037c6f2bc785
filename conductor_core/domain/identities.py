"""From verified sign-in claims to an actor: groups of the provider give the roles (security rule 4)."""

from __future__ import annotations

from collections.abc import Mapping

from conductor_core.domain.actors import Actor, Role
from conductor_core.errors import AccessDeniedError, ConfigurationError

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
