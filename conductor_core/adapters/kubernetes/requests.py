"""Requests to one API server with the client library's configuration, credentials and connection pool; its errors
become ours.

Status codes: https://kubernetes.io/docs/reference/using-api/api-concepts/ and the API's `Status` object.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from conductor_core.errors import (
    AccessDeniedError,
    ConductorError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    OffError,
    RefusedError,
    UnreachableError,
)

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_ADMISSION = ("denied the request", "violates PodSecurity", "exceeded quota", "denied request", "ValidatingAdmission")

_WRONG_BODY = ("failed to create typed patch object", "field not declared in schema")
"""The API server answers 500 to these, though asking again won't help."""


@dataclass(frozen=True)
class Answer:
    """Status code and body of a response."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; raises `UnreachableError` when it is none (a proxy answered)."""
        try:
            data = json.loads(self.body)
        except ValueError as bad:
            raise UnreachableError(
                "What answered isn't a Kubernetes API server.",
                why=f"Its answer (status {self.status}) is no JSON.",
                next="Check the server's address in the kubeconfig, and any proxy on the way.",
            ) from bad
        return data if isinstance(data, dict) else {}


class Requests:
    """One kubeconfig context. `kubeconfig` None: the usual search. Safe to use from many threads."""

    def __init__(self, kubeconfig: Path | None, context: str) -> None:
        self._kubeconfig, self._context = kubeconfig, context
        self._lock = threading.Lock()
        self._client: Any = None

    @property
    def server(self) -> str:
        """The API server's URL."""
        return str(self._connected().configuration.host).rstrip("/")

    def read(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
        timeout: float = 30,
    ) -> Answer:
        """GET, tried once more when the server is busy or the connection broke. Codes of 400 and above are returned
        too.
        """
        try:
            answer = self.send("GET", path, query, accept=accept, timeout=timeout)
        except UnreachableError:
            return self.send("GET", path, query, accept=accept, timeout=timeout)
        return self.send("GET", path, query, accept=accept, timeout=timeout) if answer.status in _BUSY else answer

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: float = 30,
    ) -> Answer:
        """One request, tried once; raises `UnreachableError` when no answer comes, `ConfigurationError` for the
        kubeconfig.
        """
        client = self._connected()
        import urllib3

        headers = {"Accept": accept, "User-Agent": "maestro-conductor"}
        if body is not None:
            headers["Content-Type"] = content_type
        for setting in self._credentials(client):
            if setting.get("in") == "header" and setting.get("value"):
                headers[str(setting["key"])] = str(setting["value"])
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = client.rest_client.pool_manager.request(
                method, url, headers=headers, body=body, retries=False, redirect=False,
                timeout=urllib3.Timeout(connect=min(5.0, timeout), read=timeout),
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, OSError) as bad:
            raise UnreachableError(
                f"The cluster of the context {self._context} did not answer.",
                why=f"{self.server}: {_short(bad)}",
                next="Check that the cluster runs and can be reached from here; then try again.",
            ) from bad
        return Answer(int(response.status), bytes(response.data))

    def failure(self, answer: Answer, act: str) -> ConductorError:
        """The error that an answer of 400 or above means; `act` says what was asked, for example `list Pod in shop`."""
        try:
            told = json.loads(answer.body)
            words = str(told.get("message") or told) if isinstance(told, dict) else str(told)
        except ValueError:
            words = answer.body[:300].decode("utf-8", "replace") or f"Status {answer.status}."
        words = words[:2000]
        if answer.status == 401:
            return ConfigurationError(
                f"The cluster doesn't accept the credential of the context {self._context}.",
                why=words,
                next="Log in to the cluster again, or choose another context with CONDUCTOR_KUBE_CONTEXT.",
            )
        if answer.status == 403 and not any(sign in words for sign in _ADMISSION):
            return AccessDeniedError(
                f"The cluster forbids to {act}.",
                why=words,
                next=f"Give the credential of the context {self._context} this permission (a Role and a RoleBinding).",
            )
        if answer.status == 404:
            return NotFoundError(
                f"The cluster could not {act}: something isn't there.",
                why=words,
                next="Check the name and the namespace.",
            )
        if answer.status == 409:
            return ConflictError(
                f"Somebody else was first: could not {act}.", why=words, next="Read again, decide again."
            )
        if answer.status in _BUSY and not any(sign in words for sign in _WRONG_BODY):
            return UnreachableError(
                f"The API server could not {act}.",
                why=words,
                next="Try again; look at the API server when it stays so.",
            )
        return RefusedError(f"The API server refuses to {act}.", why=words, next="Correct the field that is named.")

    def _credentials(self, client: Any) -> list[dict[str, Any]]:
        try:
            return list(client.configuration.auth_settings().values())
        except Exception as bad:  # a login plugin of the kubeconfig raises whatever it likes
            raise ConfigurationError(
                f"The credential of the context {self._context} can't be got.",
                why=_short(bad),
                next="Log in to the cluster again (its kubeconfig names the program that does it).",
            ) from bad

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        if not self._context:
            raise OffError(
                "No cluster is chosen.",
                why="The kubeconfig context is empty (the current one is never taken by accident), and the local "
                "control plane isn't there.",
                next="Start it with `conductor up` (the Status page says how far a first build is), or set "
                "CONDUCTOR_KUBE_CONTEXT.",
            )
        from kubernetes import client, config

        settings = client.Configuration()
        settings.connection_pool_maxsize = 32
        try:
            load: Any = config.load_kube_config
            load(
                config_file=str(self._kubeconfig) if self._kubeconfig else None,
                context=self._context,
                client_configuration=settings,
                persist_config=False,
            )
            return client.ApiClient(configuration=settings)
        except Exception as bad:  # the loader runs login plugins and raises whatever they do
            raise ConfigurationError(
                f"The context {self._context} of the kubeconfig can't be used.",
                why=_short(bad),
                next="Set CONDUCTOR_KUBE_CONTEXT and CONDUCTOR_KUBECONFIG to one of `kubectl config get-contexts`.",
            ) from bad


def _short(bad: BaseException) -> str:
    return f"{type(bad).__name__}: {str(bad)[:300]}"
