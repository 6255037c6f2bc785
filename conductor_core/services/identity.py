"""Who acts: one of the local identities, or whoever a verified sign-in names (security rules 2 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conductor_core.domain.actors import Actor, local_actor
from conductor_core.domain.identities import actor_of, role_rules
from conductor_core.errors import AccessDeniedError, ConfigurationError
from conductor_core.ports.identities import Identities
from conductor_core.settings import Settings


@dataclass(frozen=True)
class IdentityService:
    """Names become actors in local mode, tokens and claims in single sign-on mode; never both. `meet` is told of each
    actor; it must not raise."""

    settings: Settings
    identities: Identities
    meet: Callable[[Actor], None] = lambda _: None

    def local(self, name: str) -> Actor:
        """The local identity of that name; raises `AccessDeniedError` outside the local mode or for an unknown one."""
        return self._met(local_actor(name, allowed=self.settings.identity_mode == "local"))

    def bearer(self, token: str) -> Actor:
        """Whoever this token was made for; raises what `Identities.claims` raises."""
        self._single_sign_on()
        return self.claimed(self.identities.claims(token))

    def claimed(self, claims: Mapping[str, object]) -> Actor:
        """The actor of claims that somebody else has verified (the workbench's sign-in).

        Raises `AccessDeniedError` in local mode, for another issuer, and for claims without a subject.
        """
        self._single_sign_on()
        asked, given = self.settings.oidc_issuer.rstrip("/"), str(claims.get("iss", "")).rstrip("/")
        if not asked:
            raise ConfigurationError("Single sign-on has no issuer.", next="Set CONDUCTOR_OIDC_ISSUER.")
        if asked != given:
            raise AccessDeniedError(
                "This sign-in comes from another issuer.",
                why=f"{given or 'None'} is not {asked}.",
                next="Sign in again.",
            )
        return self._met(actor_of(claims, self.settings.oidc_groups_claim, role_rules(self.settings.oidc_roles)))

    def _met(self, actor: Actor) -> Actor:
        self.meet(actor)
        return actor

    def _single_sign_on(self) -> None:
        if self.settings.identity_mode != "oidc":
            raise AccessDeniedError(
                "Tokens are not taken in local mode.",
                why="CONDUCTOR_IDENTITY_MODE is local.",
                next="Name a local identity, or set CONDUCTOR_IDENTITY_MODE=oidc.",
            )
