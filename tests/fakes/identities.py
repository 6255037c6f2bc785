"""Identities from a table of tokens."""

from __future__ import annotations

from collections.abc import Mapping

from conductor_core.errors import AccessDeniedError


class FakeIdentities:
    """Accepts the tokens it was made with."""

    def __init__(self, tokens: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.tokens = dict(tokens or {})

    def claims(self, token: str) -> Mapping[str, object]:
        if token not in self.tokens:
            raise AccessDeniedError("The token is not accepted.", why="It isn't in the table.", next="Use another.")
        return self.tokens[token]
