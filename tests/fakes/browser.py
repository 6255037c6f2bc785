"""A synchronous client of an ASGI application, in this process and without sockets."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from fastapi import FastAPI

from conductor_core.errors import NotFoundError


class Browser:
    """Requests as a program on this machine sends them; `actor` is the local identity in the header."""

    def __init__(self, app: FastAPI, base_url: str = "http://127.0.0.1:8600") -> None:
        self._app = app
        self._base_url = base_url

    def ask(self, method: str, path: str, actor: str = "", **request: Any) -> httpx.Response:
        """One request; a mistake of the application's is its answer of 500."""
        headers = dict(request.pop("headers", {}))
        if actor:
            headers["X-Conductor-Actor"] = actor

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, path, headers=headers, **request)

        with ThreadPoolExecutor(1) as apart:  # this thread may have a loop of its own already (Playwright's)
            return apart.submit(asyncio.run, once()).result()

    def get(self, path: str, actor: str = "", **request: Any) -> httpx.Response:
        """GET."""
        return self.ask("GET", path, actor, **request)

    def tlog(self, path: str) -> bytes:
        """A resource of the ledger as a mirror reads it; raises `NotFoundError`."""
        answer = self.get(f"/tlog/{path}")
        if answer.status_code == 404:
            raise NotFoundError(path)
        assert answer.status_code == 200
        return answer.content

    def post(self, path: str, json: object = None, actor: str = "", **request: Any) -> httpx.Response:
        """POST of JSON."""
        return self.ask("POST", path, actor, **({} if json is None else {"json": json}), **request)
