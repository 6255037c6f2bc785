"""Delivery against asking naively, in the same run: `python -m tests.bench.bench_delivery`. One line a measure.

Argo CD is a simulator on the loopback that answers with 1,000 Applications of the size that the real one gives, and
whose stream says nothing; Prometheus is in memory and counts samples, Kubernetes is in memory and late. Clocks are
compressed where a line says so. The naive side is what a script does: one request an object, one `query_range` a chart
and viewer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, cast

import psutil

from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.adapters.argocd import HttpxArgoCd
from conductor_core.services.metric_windows import MetricWindows
from conductor_core.services.pipeline_board import PipelineBoard
from tests.fakes.argocd import raw_application, raw_pipeline
from tests.fakes.cluster import FakeCluster
from tests.fakes.prometheus import FakePrometheus
from tests.fakes.rollouts import fake as fake_rollouts
from tests.fakes.rollouts import manifest

APPLICATIONS, ROLLOUTS, VIEWERS = 1000, 200, 50
CHARTS, VERSIONS, STEP, WINDOW, HOUR = 7, 2, 15.0, 900.0, 3600.0
IDLE_SECONDS = 20.0
PAGE_PERIOD = 5.0
PAGE_RUNS = int(HOUR / PAGE_PERIOD)
WARM_UP = 30
LATENCY = 0.005


def applications() -> list[dict[str, Any]]:
    """What the API gives: each with twenty resources, ten entries of history and an operation."""
    out = []
    for at in range(APPLICATIONS):
        raw = raw_application(f"app-{at:04}", f"set-{at % 20}")
        kinds = ("Service", "ConfigMap", "Secret", "Deployment")
        resources = [
            {"kind": kinds[n % 4], "namespace": "shop", "name": f"thing-{n}", "status": "Synced"} for n in range(20)
        ]
        raw["status"]["resources"] += resources
        raw["status"]["history"] = [
            {"id": n, "revision": f"{n:040x}", "deployedAt": "2026-11-24T09:00:00Z"} for n in range(10)
        ]
        out.append(raw)
    return out


class Simulator(BaseHTTPRequestHandler):
    """The few paths of Argo CD's API that a list and a refresh ask for."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer is one write, as a real server's is
    disable_nagle_algorithm = True
    named: ClassVar[dict[str, bytes]] = {a["metadata"]["name"]: json.dumps(a).encode() for a in applications()}
    whole = json.dumps({"items": applications()}).encode()
    sets = json.dumps({"items": [raw_pipeline(f"set-{n}") for n in range(20)]}).encode()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.endswith("/stream/applications"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            threading.Event().wait()
        body = self.whole if path.endswith("/applications") else self.sets
        body = self.named.get(path.rpartition("/")[2], body)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


def serve() -> None:
    """The simulator as a process of its own, so that its work isn't counted as ours; prints its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Simulator)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


def pipelines() -> None:
    """List, refresh and rest with 1,000 Applications."""
    argv = [sys.executable, "-m", "tests.bench.bench_delivery", "serve"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = (server.stdout.readline() if server.stdout else "").strip()
            argocd = HttpxArgoCd(f"http://127.0.0.1:{port}", "token")
            start = time.perf_counter()
            for at in range(APPLICATIONS):
                argocd.application(f"app-{at:04}")
            naive = time.perf_counter() - start
            board = PipelineBoard(argocd, time.monotonic, time.sleep)
            start = time.perf_counter()
            found = board.live()
            listed = time.perf_counter() - start
            assert len(found.applications) == APPLICATIONS
            start = time.perf_counter()
            board.live()
            again = time.perf_counter() - start
            print(
                f"list of {APPLICATIONS} Applications: {listed:.2f} s; "
                f"one request each: {naive:.2f} s ({naive / listed:.0f}x)"
            )
            print(f"refresh of the list: {again * 1000:.1f} ms; one request each: {naive * 1000:.0f} ms")
            used, begun = time.process_time(), time.perf_counter()
            while time.perf_counter() - begun < IDLE_SECONDS:
                board.live()
                time.sleep(5)
            share = (time.process_time() - used) / (time.perf_counter() - begun)
            print(f"kept fresh while nothing changes, read every 5 s: {share:.1%} of a core (goal: under 5 %)")
        finally:
            server.terminate()


def samples() -> None:
    """Samples that Prometheus gives in an hour of panels (compressed clock), for one viewer and for fifty."""
    for viewers in (1, VIEWERS):
        now = [1_764_000_000.0]
        prometheus = FakePrometheus({f"q{n}": lambda t: t for n in range(CHARTS * VERSIONS)})
        windows = MetricWindows(prometheus, lambda now=now: now[0])  # type: ignore[misc]  # the default binds the loop's value
        refreshes = int(HOUR / STEP)
        for _ in range(refreshes):
            for _ in range(viewers):
                for query in prometheus.curves:
                    windows.series(query, WINDOW, STEP)
            now[0] += STEP
        naive = refreshes * viewers * CHARTS * VERSIONS * int(WINDOW / STEP + 1)
        ratio = naive / prometheus.samples
        print(
            f"samples of an hour (compressed clock), {viewers} viewers: {prometheus.samples:,}; "
            f"naive query_range: {naive:,} ({ratio:.0f}x fewer, goal 20x)"
        )


class SlowCluster:
    """Kubernetes' API, simulated: objects in memory, each answer copied through JSON and `LATENCY` seconds late."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster, self.requests = cluster, 0

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._cluster, name)

        def answer(*args: Any, **kwargs: Any) -> Any:
            self.requests += 1
            time.sleep(LATENCY)
            return json.loads(json.dumps(asked(*args, **kwargs)))

        return answer


def rollouts() -> None:
    """List and refresh of 200 Rollouts, against a request for each, its replica sets and its analyses."""
    stored = FakeCluster()
    _, patches, player = fake_rollouts(stored)
    for at in range(ROLLOUTS):
        stored.put(manifest(f"team-{at:03}", f"service-{at:03}", "1.0.0"))
    player.play()
    cluster = SlowCluster(stored)
    reader = ArgoRollouts(cast("Any", cluster), patches)
    start = time.perf_counter()
    found = reader.all()
    listed, asked = time.perf_counter() - start, cluster.requests
    assert len(found) == ROLLOUTS
    start = time.perf_counter()
    reader.all()
    again = time.perf_counter() - start
    cluster.requests, start = 0, time.perf_counter()
    for one in found:
        reader.detail(one.namespace, one.name)
    naive = time.perf_counter() - start
    print(
        f"list of {ROLLOUTS} Rollouts (simulated API, {LATENCY * 1000:.0f} ms a request): {listed * 1000:.0f} ms in "
        f"{asked} request; one by one: {naive:.2f} s in {cluster.requests} requests ({naive / listed:.0f}x)"
    )
    print(f"refresh of the list: {again * 1000:.0f} ms ({naive / again:.0f}x)")


def page() -> None:
    """Memory and CPU of a page that stays open: drawn anew as often as in an hour (compressed clock)."""
    import streamlit as st

    from tests.pages import delivery_worlds
    from tests.pages.drive import open_page

    with TemporaryDirectory() as folder:
        made = delivery_worlds.busy(Path(folder))
        for number in range(ROLLOUTS):
            made.put(f"team-{number:03}", "1.0.0", f"service-{number:03}")
        at = open_page(made.conductor, "delivery")
        process = psutil.Process(os.getpid())
        for _ in range(WARM_UP):
            at.run()
        before, used = process.memory_info().rss, time.process_time()
        for _ in range(PAGE_RUNS):
            st.cache_data.clear()
            at.run()
        grown, cost = process.memory_info().rss - before, (time.process_time() - used) / PAGE_RUNS
        share = cost * PAGE_RUNS / HOUR
        print(
            f"page of {ROLLOUTS} rollouts open for an hour (compressed clock, {PAGE_RUNS} times drawn whole): "
            f"{cost * 1000:.0f} ms of CPU each, {share:.1%} of a core, memory {grown / 1e6:+.1f} MB in all"
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        samples()
        pipelines()
        rollouts()
        page()
