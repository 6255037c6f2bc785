"""Port: what a bearer token says, once it is known to be true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Identities(Protocol):
    """Checks tokens of one provider. Nothing is stored; the provider's keys may be kept for some minutes."""

    def claims(self, token: str) -> Mapping[str, object]:
        """The claims of a token that the provider signed for this product and that is valid now.

        Raises `AccessDeniedError` that says what is wrong (signature, issuer, audience, time) and never shows the
        token; `UnreachableError` when the provider's keys can't be had; `ConfigurationError` when none is configured.
        """
