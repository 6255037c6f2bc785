"""The room of Argo CD: its REST API through httpx (port `ArgoCd`).

API: https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/ and the server's /swagger.json. The list is
asked for whole: its `fields` know neither owners nor revisions; the stream's do.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from conductor_core.domain import names, pipelines
from conductor_core.domain.pipelines import OPERATION, Application, Pipeline
from conductor_core.errors import (
    AccessDeniedError,
    ConductorError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    OffError,
    RefusedError,
    ToolError,
    UnreachableError,
)
from conductor_core.ports.argocd import Managed, Watched

_SHOWN = (
    "metadata.name,metadata.namespace,metadata.labels,metadata.ownerReferences,metadata.resourceVersion,spec,"
    "operation.sync,operation.info,status.sync.status,status.sync.revision,status.sync.revisions,status.health,"
    "status.summary,status.conditions,status.resources,status.operationState.phase,status.operationState.message,"
    "status.operationState.startedAt,status.operationState.finishedAt,status.operationState.operation,"
    "status.operationState.syncResult.revision"
)
_STREAM = "result.type," + ",".join(f"result.application.{f}" for f in _SHOWN.split(","))


class HttpxArgoCd:
    """`url` and `token` of the API; connections are kept. `ca_file`: a certificate authority beside the system's."""

    def __init__(
        self, url: str, token: str, *, ca_file: str = "", transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {token}", "User-Agent": "maestro-conductor"},
            verify=ssl.create_default_context(cafile=ca_file) if ca_file else True,
            timeout=httpx.Timeout(30.0, connect=5.0),
            trust_env=False,
            transport=transport,
        )

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def applications(self) -> tuple[Application, ...]:
        """See `ArgoCd.applications`."""
        found = self._read("/api/v1/applications", {}, "list Applications")
        apps = (pipelines.application(raw) for raw in found.get("items") or [])
        return tuple(sorted(apps, key=lambda a: (a.name, a.namespace)))

    def application(self, name: str, namespace: str = "", *, refresh: bool = False) -> Application:
        """See `ArgoCd.application`."""
        query = _where(namespace) | ({"refresh": "normal"} if refresh else {})
        path = f"/api/v1/applications/{quote(names.object_name(name), safe='')}"
        return pipelines.application(self._read(path, query, f"read the Application {name}", named=name))

    def pipelines(self) -> tuple[Pipeline, ...]:
        """See `ArgoCd.pipelines`."""
        found = self._read("/api/v1/applicationsets", {}, "list ApplicationSets")
        return tuple(sorted((pipelines.pipeline(raw) for raw in found.get("items") or []), key=lambda p: p.name))

    def sync(
        self,
        name: str,
        revision: str,
        operation_id: str,
        *,
        namespace: str = "",
        prune: bool = False,
        dry_run: bool = False,
    ) -> None:
        """See `ArgoCd.sync`."""
        body = {
            "revision": revision,
            "prune": prune,
            "dryRun": dry_run,
            "infos": [{"name": OPERATION, "value": operation_id}],
            **({"appNamespace": namespace} if namespace else {}),
        }
        path = f"/api/v1/applications/{quote(names.object_name(name), safe='')}/sync"
        with self._wall():
            answer = self._client.post(path := self._url + path, json=body)
        if answer.status_code >= 400:
            raise _failure(answer, f"sync {name}", named=name)
        self._json(answer, path)

    def watch(self) -> Iterator[Watched]:
        """See `ArgoCd.watch`."""
        with (
            self._wall(),
            self._client.stream(
                "GET",
                f"{self._url}/api/v1/stream/applications",
                params={"fields": _STREAM},
                timeout=httpx.Timeout(None, connect=5.0),
            ) as stream,
        ):
            if stream.status_code >= 400:
                stream.read()
                raise _failure(stream, "watch Applications")
            for line in stream.iter_lines():
                told = _event(line)
                if told is not None:
                    yield told
        raise UnreachableError("Argo CD ended its stream.", why=self._url, next="It is read again by itself.")

    def resources(self, name: str, namespace: str = "") -> tuple[Managed, ...]:
        """See `ArgoCd.resources`."""
        path = f"/api/v1/applications/{quote(names.object_name(name), safe='')}/managed-resources"
        found = self._read(path, _where(namespace), f"read the resources of {name}", named=name)
        return tuple(_managed(raw) for raw in found.get("items") or [])

    def _read(self, path: str, query: Mapping[str, str], act: str, named: str = "") -> dict[str, Any]:
        for last in (False, True):
            try:
                with self._wall():
                    answer = self._client.get(self._url + path, params=dict(query))
            except UnreachableError:
                if last:
                    raise
                continue
            if answer.status_code in (502, 503, 504) and not last:
                continue
            if answer.status_code >= 400:
                raise _failure(answer, act, named)
            return self._json(answer, path)
        raise UnreachableError("Argo CD did not answer.", why=self._url)

    def _json(self, answer: httpx.Response, path: str) -> dict[str, Any]:
        try:
            found = orjson.loads(answer.content)
        except ValueError as bad:
            raise ConfigurationError(
                "What answers at the address of Argo CD isn't Argo CD.",
                why=f"{self._url}{path} gives no JSON.",
                next="Correct CONDUCTOR_ARGOCD_URL.",
            ) from bad
        return found if isinstance(found, dict) else {}

    @contextmanager
    def _wall(self) -> Iterator[None]:
        if not self._url:
            raise OffError(
                "Argo CD is not configured.",
                why="CONDUCTOR_ARGOCD_URL is not set.",
                next="Start the local control plane (`conductor up`), or set CONDUCTOR_ARGOCD_URL and its token.",
            )
        try:
            yield
        except httpx.HTTPError as bad:
            raise UnreachableError(
                "Argo CD did not answer.",
                why=f"{self._url}: {str(bad) or type(bad).__name__}",
                next="Is argocd-server running, and is CONDUCTOR_ARGOCD_URL right?",
            ) from bad
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as bad:
            raise ConfigurationError(
                "The address of Argo CD can't be used.", why=f"{self._url}: {bad}", next="Correct CONDUCTOR_ARGOCD_URL."
            ) from bad


def _where(namespace: str) -> dict[str, str]:
    return {"appNamespace": names.namespace(namespace)} if namespace else {}


def _event(line: str) -> Watched | None:
    try:
        found = orjson.loads(line)
    except ValueError:
        return None
    result = found.get("result") if isinstance(found, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("application"), dict):
        return None
    return Watched(pipelines.application(result["application"]), result.get("type") == "DELETED")


def _managed(raw: Mapping[str, Any]) -> Managed:
    target = raw.get("targetState") or "null"
    live = raw.get("normalizedLiveState") or raw.get("liveState") or "null"
    return Managed(
        str(raw.get("group") or ""),
        str(raw.get("kind") or ""),
        str(raw.get("namespace") or ""),
        str(raw.get("name") or ""),
        _object(str(target)),
        _object(str(live)),
        bool(raw.get("hook")),
    )


def _object(text: str) -> dict[str, object] | None:
    try:
        found = orjson.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _failure(answer: httpx.Response, act: str, named: str = "") -> ConductorError:
    """The error that an answer of 400 or above means; codes are gRPC's."""
    try:
        told = answer.json()
    except ValueError:
        told = {}
    words = str(told.get("message") or told.get("error") or answer.text[:300]) if isinstance(told, dict) else ""
    status = answer.status_code
    if status == 401:
        return ConfigurationError(
            "Argo CD doesn't accept the token.", why=words, next="Set CONDUCTOR_ARGOCD_TOKEN to a valid one."
        )
    if status == 404 or (status == 403 and named and words == "permission denied"):
        return NotFoundError(
            f"Argo CD knows no {named or 'such thing'}, or the token may not see it.",
            why=words,
            next="Run `conductor delivery list`, or give the account applications, get.",
        )
    if status == 403:
        return AccessDeniedError(f"Argo CD forbids to {act}.", why=words, next="Give its account this permission.")
    if "another operation is already in progress" in words:
        return ConflictError(f"Argo CD can't {act} now.", why=words, next="Wait for the operation that runs.")
    if status in (400, 409, 412, 422):
        return RefusedError(f"Argo CD refuses to {act}.", why=words, next="Correct what it names, then ask again.")
    if status in (408, 429, 502, 503, 504):
        return UnreachableError(f"Argo CD could not {act}.", why=words or f"Status {status}.", next="Try again.")
    return ToolError(f"Argo CD could not {act}.", why=words or f"Status {status}.", next="Look at argocd-server's log.")
