"""A web of prepared answers, by address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from conductor_core.errors import InputError, UnreachableError
from conductor_core.ports.web import WebAnswer


class FakeWeb:
    """Answers what `answers` says; an address that isn't there does not answer."""

    def __init__(self, answers: Mapping[str, tuple[int, str]]) -> None:
        self.answers = dict(answers)
        self.sent: list[tuple[str, str, bytes | None]] = []

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, timeout: float = 5.0) -> WebAnswer:
        if urlsplit(url).scheme not in ("http", "https"):
            raise InputError(f"{url!r} is not an http or https address.")
        if url not in self.answers:
            raise UnreachableError(f"{url} did not answer.", why="The fake has no answer for it.")
        status, text = self.answers[url]
        return WebAnswer(status, text, 1)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 5.0,
    ) -> WebAnswer:
        self.sent.append((method, url, body))
        return self.get(url, headers=headers, timeout=timeout)
