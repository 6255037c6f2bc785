"""The room of plain HTTP: health endpoints of systems that have no client library of their own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import httpx

from conductor_core.errors import InputError, UnreachableError
from conductor_core.ports.web import WebAnswer

CAP = 1 << 20
HOPS = 3


class HttpxWeb:
    """`Web` on httpx; one client a process. TLS is verified against the system's and `ca_file`'s certificates."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(follow_redirects=False, trust_env=False, transport=transport)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, timeout: float = 5.0) -> WebAnswer:
        """See `ports.web.Web.get`."""
        started = time.monotonic()
        for _ in range(HOPS):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise InputError(f"{url!r} is not an http or https address.", next="Correct the setting it comes from.")
            try:
                with self._client.stream("GET", url, headers=dict(headers or {}), timeout=timeout) as answer:
                    text = _read(answer)
            except httpx.HTTPError as bad:
                raise UnreachableError(
                    f"{parts.scheme}://{parts.netloc} did not answer.",
                    why=str(bad) or type(bad).__name__,
                    next="Is it running, and is its address right in the settings?",
                ) from bad
            onward = urljoin(url, answer.headers.get("location", ""))
            if not answer.is_redirect or urlsplit(onward).netloc != parts.netloc:
                break
            url = onward
        return WebAnswer(answer.status_code, text, round((time.monotonic() - started) * 1000))

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 5.0,
    ) -> WebAnswer:
        """See `ports.web.Web.send`."""
        started = time.monotonic()
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url!r} is not an http or https address.", next="Correct the setting it comes from.")
        try:
            with self._client.stream(method, url, headers=dict(headers or {}), content=body, timeout=timeout) as answer:
                text = _read(answer)
        except httpx.HTTPError as bad:
            raise UnreachableError(
                f"{parts.scheme}://{parts.netloc} did not answer.",
                why=str(bad) or type(bad).__name__,
                next="Is it running, and is its address right in the settings?",
            ) from bad
        taken = round((time.monotonic() - started) * 1000)
        return WebAnswer(answer.status_code, text, taken, dict(answer.headers))


def _read(answer: httpx.Response) -> str:
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > CAP:
            break
    return bytes(body[:CAP]).decode(answer.encoding or "utf-8", errors="replace")
