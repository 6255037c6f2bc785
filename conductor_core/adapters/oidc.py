"""The room of single sign-on: bearer tokens checked with the provider's published keys.

OpenID Connect Discovery 1.0 finds the keys (RFC 7517); a token is a JWT (RFC 7519) signed with an asymmetric key
(RFC 8725: the algorithm is ours to choose, never the token's alone).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from conductor_core.errors import AccessDeniedError, ConfigurationError, UnreachableError
from conductor_core.ports.web import Web

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
KEYS_SECONDS = 600.0
"""How long the provider's keys are kept."""
AGAIN_SECONDS = 10.0
"""How soon an unknown key is asked for again: a new key is known at once, and strangers can't make us ask all day."""
LEEWAY_SECONDS = 30
TOKEN_CAP = 16_384


class OidcIdentities:
    """`Identities` over one issuer. `audience`: what tokens must be made for; times in seconds."""

    def __init__(
        self, web: Web, issuer: str, audience: str, now: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._web, self._issuer, self._audience = web, issuer.rstrip("/"), audience
        self._now, self._monotonic = now, monotonic
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._since = 0.0

    def claims(self, token: str) -> Mapping[str, object]:
        """See `ports.identities.Identities.claims`."""
        if not self._issuer or not self._audience:
            raise ConfigurationError(
                "Single sign-on is not configured.",
                why="CONDUCTOR_OIDC_ISSUER, or both CONDUCTOR_OIDC_AUDIENCE and CONDUCTOR_OIDC_CLIENT_ID, are empty.",
                next="Set them; .env.example explains each.",
            )
        if len(token) > TOKEN_CAP:
            raise _refused(f"It is longer than {TOKEN_CAP} characters.")
        rules = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=LEEWAY_SECONDS,
            sub={"essential": True},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
        )
        try:
            found = self._decoded(token)
            rules.validate(found)
        except (JoseError, ValueError) as bad:
            raise _refused(str(bad) or type(bad).__name__) from bad
        if str(found.get("iss", "")).rstrip("/") != self._issuer:
            raise _refused("It comes from another issuer.")
        return found

    def _decoded(self, token: str) -> dict[str, object]:
        try:
            return dict(jwt.decode(token, self._key_set(KEYS_SECONDS), algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):  # perhaps the provider has changed its keys since
            return dict(jwt.decode(token, self._key_set(AGAIN_SECONDS), algorithms=ALGORITHMS).claims)

    def _key_set(self, age: float) -> KeySet:
        with self._lock:
            if self._keys is None or self._monotonic() - self._since > age:
                found = self._json(f"{self._issuer}/.well-known/openid-configuration")
                if str(found.get("issuer", "")).rstrip("/") != self._issuer:
                    raise ConfigurationError(
                        f"The provider at {self._issuer} calls itself {found.get('issuer')!r}.",
                        why="OpenID Connect Discovery asks both to be the same.",
                        next="Correct CONDUCTOR_OIDC_ISSUER.",
                    )
                try:
                    self._keys = KeySet.import_key_set(self._json(str(found.get("jwks_uri", ""))))  # type: ignore[arg-type]  # it checks
                except (JoseError, ValueError, TypeError, KeyError) as bad:
                    raise UnreachableError("The provider's keys can't be read.", why=str(bad)) from bad
                self._since = self._monotonic()
            return self._keys

    def _json(self, url: str) -> dict[str, object]:
        answer = self._web.get(url)
        try:
            found = json.loads(answer.text) if answer.status == 200 else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UnreachableError(
                "The single sign-on provider gave no usable answer.",
                why=f"{url} answered {answer.status}.",
                next="Is CONDUCTOR_OIDC_ISSUER right, and is the provider up?",
            )
        return found


def _refused(why: str) -> AccessDeniedError:
    return AccessDeniedError("The token is not accepted.", why=why, next="Sign in again and use the new token.")
