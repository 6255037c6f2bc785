"""What every request passes before it is read: host, origin, size; and the headers that every answer carries.

Rules: security, authority 4 (the local mode is for this machine alone) and untrusted input 15 (size caps). The host
check is what stops DNS rebinding, the origin check what stops another site's page from acting through a browser.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from conductor_core.entrypoints.api.forms import workbench
from conductor_core.entrypoints.api.problems import TooLargeError, WrongPlaceError, problem
from conductor_core.errors import ConductorError, TransientError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from conductor_core.settings import Settings

BODY_CAP = 1_000_000
"""Bytes of the largest body that is read."""
BODY_SECONDS = 15.0
"""How long a body may take to arrive."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
Observe = Callable[[str, str, int, float], None]
"""Called with method, route, status and seconds of each request."""


def is_loopback(host: str) -> bool:
    """True for `localhost`, names under it, and loopback addresses."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Guards:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: Settings, observe: Observe) -> None:
        self._app = app
        self._settings = settings
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let the request through with a body of bounded size."""
        if scope["type"] == "websocket":  # nothing here speaks it; closing before accept answers 403
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name.lower() for name, _ in message["headers"]}
                fresh = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *(h for h in fresh if h[0] not in given)]
            await send(message)

        try:
            self._place(scope)
            body = await _body(scope, receive)
        except ConductorError as bad:
            await problem(bad)(scope, receive, answer)
        else:
            await self._app(scope, _replay(body, receive), answer)
        finally:
            path = getattr(scope.get("route"), "path", "") or "other"
            self._observe(str(scope["method"]), path, status, time.monotonic() - started)

    def _place(self, scope: Scope) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        host = urlsplit(f"//{headers.get('host', '')}")
        local = self._settings.identity_mode == "local"
        server = scope.get("server") or ("", None)
        if local and not (is_loopback(host.hostname or "") and is_loopback(str(server[0]))):
            raise WrongPlaceError(
                "In local mode the API answers this machine alone.",
                why=f"The request came through the name {(host.hostname or '')[:100]!r}.",
                next="Ask through http://127.0.0.1 on this machine, or set up single sign-on.",
            )
        origin = headers.get("origin", "")
        crossed = headers.get("sec-fetch-site", "") == "cross-site" and scope["method"] not in ("GET", "HEAD")
        if crossed or (origin and not self._trusted(origin, headers.get("host", ""))):
            raise WrongPlaceError(
                "A page of another site may not use the API.",
                why=f"The request came from {origin[:100] or 'another site'}.",
                next="Use the workbench, the CLI, or a program that sends no Origin.",
            )

    def _trusted(self, origin: str, host: str) -> bool:
        if origin.rstrip("/") in (f"http://{host}", f"https://{host}"):
            return True
        try:
            asked, home = urlsplit(origin), urlsplit(workbench(self._settings))
            if (asked.scheme, asked.port) != (home.scheme, home.port):
                return False
        except ValueError:
            return False
        same = asked.hostname == home.hostname
        return same or (is_loopback(asked.hostname or "") and is_loopback(home.hostname or ""))


async def _body(scope: Scope, receive: Receive) -> bytes:
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return b""
    told = dict(scope["headers"]).get(b"content-length", b"0")
    body = bytearray()
    if not told.isdigit() or int(told) > BODY_CAP:
        raise _too_large()
    with anyio.move_on_after(BODY_SECONDS) as deadline:
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > BODY_CAP:
                raise _too_large()
            if not message.get("more_body", False):
                break
    if deadline.cancelled_caught:
        raise TransientError(
            "The body did not arrive.", why=f"It took longer than {BODY_SECONDS:g} s.", next="Send it again."
        )
    return bytes(body)


def _too_large() -> TooLargeError:
    return TooLargeError(
        "The body is too large.", why=f"At most {BODY_CAP:,} bytes are read.", next="Send less; evidence is read only."
    )


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
