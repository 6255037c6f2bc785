"""The simulator: answers for pods that kwok only pretends to run, with health, GraphQL, a UI's page and metrics.

It watches the API server for pods labelled `app.kubernetes.io/part-of: intelgraph` or annotated
`conductor.summit/simulate: "true"`. Rule, paths and faults: `infra/local/README.md`.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import json
import ssl
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import yaml

from conductor_core.localplane.graphql_answer import answer
from conductor_core.localplane.traffic import Workload, chance, exposition, tag_of

BODY_BYTES = 65_536
SLOWEST = 5.0
PAGE = (
    '<!doctype html><title>IntelGraph (simulated)</title><link rel="stylesheet" href="{style}">'
    '<script type="module" src="{script}"></script>'
)


def workload_of(pod: Mapping[str, Any]) -> Workload | None:
    """The simulated workload that a Pod object asks for, or None when it isn't one that is simulated."""
    meta, spec, status = pod.get("metadata", {}), pod.get("spec", {}), pod.get("status", {})
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    if labels.get("app.kubernetes.io/part-of") != "intelgraph" and notes.get("conductor.summit/simulate") != "true":
        return None
    if any(o.get("kind") == "Job" for o in meta.get("ownerReferences") or []) or not spec.get("containers"):
        return None
    name = labels.get("app.kubernetes.io/name") or labels.get("app") or meta["name"]
    part, release = labels.get("app.kubernetes.io/component"), labels.get("app.kubernetes.io/instance")
    known = [part, name, part and f"{name}-{part}", release, part and release and f"{release}-{part}"]
    ready: dict[str, Any] = next((c for c in status.get("conditions") or [] if c.get("type") == "Ready"), {})
    return Workload(
        namespace=meta["namespace"],
        pod=meta["name"],
        service=part or name,
        template=labels.get("rollouts-pod-template-hash") or labels.get("pod-template-hash") or "",
        image=spec["containers"][0].get("image", ""),
        started=_seconds(ready.get("lastTransitionTime") or meta.get("creationTimestamp")),
        ready=ready.get("status") == "True" and not meta.get("deletionTimestamp"),
        aliases=tuple(dict.fromkeys(str(k) for k in known if k)),
    )


def _seconds(stamp: str | None) -> float:
    try:
        return dt.datetime.fromisoformat(str(stamp)).timestamp()
    except ValueError:
        return time.time()


class Pods:
    """The simulated pods by namespace and name, kept current by a watch in a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Workload] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self._purged: set[str] = set()
        self.synced = threading.Event()

    def all(self) -> list[Workload]:
        """A snapshot."""
        with self._lock:
            return list(self._known.values())

    def replace(self, pods: list[Mapping[str, Any]]) -> None:
        """Take a full list from the API server."""
        found = [w for w in map(workload_of, pods) if w]
        with self._lock:
            self._known = {(w.namespace, w.pod): w for w in found}
        self.synced.set()

    def change(self, kind: str, pod: Mapping[str, Any]) -> None:
        """Take one watch event."""
        found = workload_of(pod)
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        with self._lock:
            if found is None or kind == "DELETED":
                self._known.pop(key, None)
            else:
                self._known[key] = found

    def of_service(self, namespace: str, service: str) -> list[Workload]:
        """Ready pods that answer for a service name."""
        return [w for w in self.all() if w.namespace == namespace and w.ready and service in w.aliases]

    def purge(self, path: str) -> None:
        """Drop a file from the simulated cache, so that it is taken anew from the UI."""
        with self._lock:
            self._purged.add(path)

    def purged(self, path: str) -> bool:
        """Whether that file was dropped from the cache once."""
        with self._lock:
            return path in self._purged

    def number(self, workload: Workload) -> int:
        """Counts the requests that a pod was asked, so that faults are a fixed sequence."""
        key = (workload.namespace, workload.pod)
        with self._lock:
            self._asked[key] = self._asked.get(key, 0) + 1
            return self._asked[key]


def follow(pods: Pods, kubeconfig: Path) -> None:
    """List and watch pods for ever; after any failure list again, a little later each time."""
    pause = 0.5
    while True:
        try:
            server, token, context = _credentials(kubeconfig)
            with httpx.Client(
                base_url=server,
                verify=context,
                headers={"Authorization": f"Bearer {token}"},
                timeout=httpx.Timeout(10.0, read=330.0),
                trust_env=False,
            ) as client:
                listed = client.get("/api/v1/pods").raise_for_status().json()
                pods.replace(listed["items"])
                pause = 0.5
                query = {
                    "watch": "true",
                    "resourceVersion": listed["metadata"]["resourceVersion"],
                    "timeoutSeconds": "300",
                }
                with client.stream("GET", "/api/v1/pods", params=query) as stream:
                    for line in stream.raise_for_status().iter_lines():
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            break
                        pods.change(event["type"], event["object"])
        except (httpx.HTTPError, OSError, ValueError, KeyError) as bad:
            print(f"the pods can't be watched, trying again: {bad}", flush=True)
            time.sleep(pause)
            pause = min(10.0, pause * 2)


def _credentials(kubeconfig: Path) -> tuple[str, str, ssl.SSLContext]:
    body = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster = body["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return cluster["server"], body["users"][0]["user"]["token"], ssl.create_default_context(cadata=authority)


class Door(BaseHTTPRequestHandler):
    """Answers `/metrics`, `/readyz`, `/pod/<namespace>/<pod>/...` and `/svc/<namespace>/<service>/...`; a UI's page
    lies at `/svc/<namespace>/<service>/`.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """Head and body leave together: in two parts, the second would wait 40 ms for the caller's delayed ACK."""
    pods: Pods

    def do_GET(self) -> None:
        """Everything may be read."""
        url = urlsplit(self.path)
        parts = [p for p in url.path.split("/") if p]
        if parts == ["metrics"]:
            self._send(200, exposition(self.pods.all(), time.time()), "text/plain; version=0.0.4; charset=utf-8")
        elif parts in (["healthz"], ["readyz"]):
            ready = self.pods.synced.is_set()
            self._json(
                200 if ready else 503, {"status": "ok" if ready else "waiting for the API server", "is": "a simulator"}
            )
        elif len(parts) in (3, 5) and parts[0] == "svc":
            self._page(url.path, parts)
        elif len(parts) == 4:
            self._workload(parts, parse_qs(url.query).get("query", [""])[0])
        else:
            self._json(
                404, {"error": "this simulator knows /metrics, /pod/NAMESPACE/POD/..., /svc/NAMESPACE/SERVICE/..."}
            )

    def do_PURGE(self) -> None:
        """A cache in front of the UI drops a file."""
        self.pods.purge(urlsplit(self.path).path)
        self._json(200, {"purged": True, "is": "a simulator"})

    def _page(self, path: str, parts: list[str]) -> None:
        """The page of a UI, which names a script and a style of its version; and these."""
        found = [w for w in self.pods.of_service(parts[1], parts[2]) if w.service == "ui"]
        if not found:
            self._json(503, {"error": f"no ready UI answers for {parts[2]} in {parts[1]}"})
            return
        tag, root = tag_of(found[0].image), f"/svc/{parts[1]}/{parts[2]}/assets"
        files = {f"{root}/app-{tag}.js": "script", f"{root}/app-{tag}.css": "style"}
        if len(parts) == 3:
            script, style = files
            self._send(200, PAGE.format(script=script, style=style), "text/html; charset=utf-8")
        elif path in files and (self.pods.purged(path) or not found[0].fault.stale):
            self._send(200, f"/* simulated {files[path]} of {tag} */", "text/plain")
        else:
            self._json(404, {"error": "the simulated cache has no such file"})

    def do_POST(self) -> None:
        """GraphQL by POST."""
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= BODY_BYTES:
            self.close_connection = True
            self._json(413, {"error": f"a body of 1 to {BODY_BYTES} bytes is expected"})
            return
        try:
            body = json.loads(self.rfile.read(length))
            query = str(body["query"])
        except (ValueError, KeyError, TypeError):
            self._json(400, {"errors": [{"message": "the body must be JSON with a `query`"}]})
            return
        self._workload([p for p in urlsplit(self.path).path.split("/") if p], query)

    def _workload(self, parts: list[str], query: str) -> None:
        if len(parts) != 4 or parts[0] not in ("pod", "svc") or parts[3] not in ("healthz", "graphql"):
            self._json(404, {"error": "unknown path"})
            return
        kind, namespace, name, what = parts
        if kind == "svc":
            found = self.pods.of_service(namespace, name)
        else:
            found = [w for w in self.pods.all() if (w.namespace, w.pod) == (namespace, name) and w.ready]
        if not found:
            self._json(503, {"error": f"no ready pod answers for {name} in {namespace}"})
            return
        workload = found[int(time.time() * 1000) % len(found)]
        number = self.pods.number(workload)
        luck = chance(workload.pod, number)
        time.sleep(min(SLOWEST, workload.fault.p95 * (0.3 + 0.7 * luck)) if workload.fault.p95 > 0.12 else 0)
        if luck < workload.fault.errors:
            self._json(500, {"error": "internal error of this version (simulated)"})
        elif what == "healthz":
            told = {"status": "ok", "version": tag_of(workload.image), "pod": workload.pod, "simulated": True}
            self._json(200, told)
        else:
            self._json(200, answer(query, workload))

    def _json(self, status: int, body: object) -> None:
        self._send(status, json.dumps(body), "application/json")

    def _send(self, status: int, text: str, kind: str) -> None:
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Access lines are not kept."""


class Server(ThreadingHTTPServer):
    """Loopback only."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve until ended by a signal."""
    told = argparse.ArgumentParser(description="Simulator of workloads for the local control plane.")
    told.add_argument("--kubeconfig", type=Path, required=True)
    told.add_argument("--port", type=int, required=True)
    asked = told.parse_args()
    pods = Pods()
    Door.pods = pods
    threading.Thread(target=follow, args=(pods, asked.kubeconfig), name="watch", daemon=True).start()
    Server(("127.0.0.1", asked.port), Door).serve_forever()


if __name__ == "__main__":
    main()
