"""The local control plane for real: from an empty home to Argo CD answering, killed, mended, stopped, deleted."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from conductor_core.localplane import plane as local
from conductor_core.localplane import supervisor
from conductor_core.localplane.layout import Endpoints, of
from conductor_core.localplane.processes import MARK
from conductor_core.settings import Settings
from tests.real.conftest import run_kubectl

pytestmark = pytest.mark.real


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    end = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.5)


def living(settings: Settings) -> list[psutil.Process]:
    """Every process that belongs to the plane of this home, its supervisor included."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(of(settings).run) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def argocd(plane: Endpoints) -> httpx.Client:
    bearer = {"Authorization": f"Bearer {plane.argocd_token()}"}
    return httpx.Client(base_url=plane.argocd_url, headers=bearer, timeout=20, trust_env=False)


def prometheus(plane: Endpoints, query: str) -> list[dict[str, Any]]:
    asked = httpx.get(f"{plane.prometheus_url}/api/v1/query", params={"query": query}, timeout=10, trust_env=False)
    found: list[dict[str, Any]] = asked.raise_for_status().json()["data"]["result"]
    return found


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home of this module's own, empty at first."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    yield settings
    local.down(settings)
    assert living(settings) == []


@pytest.mark.slow
@pytest.mark.crash
def test_the_life_of_a_plane(own: Settings) -> None:
    assert local.status(own).state == "absent"
    first = local.up(own)
    assert first.started
    plane = first.endpoints
    assert local.status(own).state == "ready"

    # nodes, namespaces and Argo CD answer
    nodes = run_kubectl(plane, "get", "nodes", "-o", "jsonpath={.items[*].metadata.labels.conductor\\.summit/pool}")
    assert sorted(nodes.split()) == ["general"] * 3 + ["memory"] * 3
    run_kubectl(plane, "wait", "--for=condition=Ready", "node", "--all", "--timeout=30s")
    assert "intelgraph-staging" in run_kubectl(plane, "get", "namespaces", "-o", "name")
    with argocd(plane) as asked:
        assert asked.get("/api/version").json()["Version"].startswith("v3.2.11")
        assert asked.get("/api/v1/session/userinfo").json()["username"] == "conductor"

    # nobody but this machine can reach it, nobody but this user can read its secrets
    listening = [c.laddr.ip for p in living(own) for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert len(listening) >= 15
    assert set(listening) == {"127.0.0.1"}
    secrets = [plane.kubeconfig, plane.argocd_token_file, *of(own).pki.iterdir()]
    assert {oct(p.stat().st_mode & 0o777) for p in secrets} == {"0o600"}

    # a second start changes nothing
    before = living(own)
    second = local.up(own)
    assert not second.started
    assert second.endpoints == plane
    assert {p.pid for p in before} <= {p.pid for p in living(own)}

    # what dies is restarted
    state = supervisor.status(of(own).run)
    victim = next(p for p in state.processes if p.name == "kwok")
    psutil.Process(victim.pid).kill()
    until(lambda: not supervisor.status(of(own).run).ready, 10, "the death of kwok")
    until(lambda: supervisor.status(of(own).run).ready, 30, "the restart of kwok")

    # kill -9 of the supervisor, then a start: no orphan, data and commits still there, under 30 s
    run_kubectl(plane, "create", "configmap", "kept", "-n", "default")
    commit = commit_to(plane, "staging")
    left = [p for p in living(own) if p.pid != state.supervisor]
    psutil.Process(state.supervisor).send_signal(signal.SIGKILL)
    until(lambda: not supervisor.status(of(own).run).running, 10, "the death of the supervisor")
    begun = time.monotonic()
    third = local.up(own)
    assert third.started
    assert time.monotonic() - begun < 30
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in left)
    assert third.endpoints == plane
    run_kubectl(plane, "get", "configmap", "kept", "-n", "default")
    assert head(plane, "staging") == commit

    # a port that somebody took meanwhile is replaced
    local.down(own)
    assert living(own) == []
    taken = int(plane.argocd_url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", taken)):
        fourth = local.up(own)
        assert fourth.endpoints.argocd_url != plane.argocd_url
        with argocd(fourth.endpoints) as asked:
            assert asked.get("/api/v1/applications").status_code == 200

    # the end: nothing runs, nothing is left
    assert local.down(own)
    assert living(own) == []
    assert local.status(own).state == "stopped"
    assert local.reset(own)
    assert local.status(own).state == "absent"
    assert not of(own).root.exists()


def git(*argv: str, cwd: Path | None = None) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    ended = subprocess.run(["git", *who, *argv], cwd=cwd, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def head(plane: Endpoints, branch: str) -> str:
    return git("--git-dir", str(plane.ops_repo), "rev-parse", f"refs/heads/{branch}")


def commit_to(plane: Endpoints, branch: str) -> str:
    """A commit on top of `branch` that changes nothing."""
    store = ("--git-dir", str(plane.ops_repo))
    tree = git(*store, "rev-parse", f"{branch}^{{tree}}")
    commit = git(*store, "commit-tree", tree, "-p", head(plane, branch), "-m", "a commit of somebody's")
    git(*store, "update-ref", f"refs/heads/{branch}", commit)
    return commit


def test_an_application_from_the_seeded_repository_gets_healthy(
    plane: Endpoints, namespace: str, kubectl: Callable[..., str]
) -> None:
    source = {
        "repoURL": f"file://{plane.ops_repo}",
        "path": "helm/intelgraph",
        "targetRevision": "dev",
        "helm": {"valueFiles": ["values.yaml", "values-dev.yaml"]},
    }
    application = {
        "metadata": {"name": namespace, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "syncPolicy": {"automated": {"prune": True}},
        },
    }
    with argocd(plane) as asked:
        made = asked.post("/api/v1/applications", json=application)
        assert made.status_code == 200, made.text
        try:

            def healthy() -> bool:
                status = asked.get(f"/api/v1/applications/{namespace}").json()["status"]
                told = [status.get(part, {}).get("status") for part in ("sync", "health")]
                return told == ["Synced", "Healthy"]

            until(healthy, 120, "a synced and healthy Application")
            rollouts = json.loads(kubectl("get", "rollouts.argoproj.io", "-n", namespace, "-o", "json"))["items"]
            assert [r["status"]["phase"] for r in rollouts] == ["Healthy"]
        finally:
            asked.delete(f"/api/v1/applications/{namespace}", params={"cascade": "true"})


def deployment(name: str, tag: str) -> str:
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}, "annotations": {"conductor.summit/simulate": "true"}},
                    "spec": {"containers": [{"name": "main", "image": f"registry.example/{name}:{tag}"}]},
                },
            },
        }
    )


def test_prometheus_sees_a_bad_version_and_the_simulator_answers_for_it(
    plane: Endpoints, namespace: str, kubectl: Callable[..., str]
) -> None:
    kubectl("apply", "-n", namespace, "-f", "-", text=deployment("good", "1.0"))
    kubectl("apply", "-n", namespace, "-f", "-", text=deployment("poor", "1.0-bad-slow800"))
    for name in ("good", "poor"):
        kubectl("rollout", "status", f"deployment/{name}", "-n", namespace, "--timeout=60s")

    def share(service: str) -> float | None:
        rate = f'rate(http_requests_total{{namespace="{namespace}",service="{service}",code=~"%s"}}[15s])'
        found = prometheus(plane, f"sum({rate % '5..'}) / sum({rate % '.*'})")
        return float(found[0]["value"][1]) if found and found[0]["value"][1] != "NaN" else None

    assert until(lambda: share("poor"), 60, "a rate of errors") == pytest.approx(0.30, abs=0.03)
    assert (share("good") or 0.0) < 0.02
    rates = f'rate(http_request_duration_seconds_bucket{{namespace="{namespace}",service="poor"}}[15s])'
    p95 = float(prometheus(plane, f"histogram_quantile(0.95, sum by (le) ({rates}))")[0]["value"][1])
    assert p95 == pytest.approx(0.8, abs=0.2)
    health = httpx.get(f"{plane.simulator_url}/svc/{namespace}/good/healthz", timeout=10, trust_env=False)
    assert health.json()["version"] == "1.0"


def test_a_crashing_version_never_gets_ready(plane: Endpoints, namespace: str, kubectl: Callable[..., str]) -> None:
    kubectl("apply", "-n", namespace, "-f", "-", text=deployment("shop", "1.0-crash"))

    def waiting() -> str:
        path = "jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}"
        return kubectl("get", "pods", "-n", namespace, "-o", path)

    assert until(waiting, 30, "a crash") == "CrashLoopBackOff"
    ready = kubectl("get", "deployment", "shop", "-n", namespace, "-o", "jsonpath={.status.readyReplicas}")
    assert ready in ("", "0")
    asked = httpx.get(f"{plane.simulator_url}/svc/{namespace}/shop/healthz", timeout=10, trust_env=False)
    assert asked.status_code == 503


@pytest.mark.slow
def test_tofu_provisions_a_node(plane: Endpoints, namespace: str, kubectl: Callable[..., str], tmp_path: Path) -> None:
    node = f"apiVersion: v1\nkind: Node\nmetadata:\n  name: {namespace}\n"
    (tmp_path / "main.tf").write_text(
        "terraform {\n  required_providers {\n"
        '    kubectl = { source = "gavinbunney/kubectl", version = "1.19.0" }\n  }\n}\n'
        f'provider "kubectl" {{\n  config_path = "{plane.kubeconfig}"\n}}\n'
        f'resource "kubectl_manifest" "node" {{\n  yaml_body = <<-EOT\n{node}EOT\n}}\n'
    )
    env = {"TF_CLI_CONFIG_FILE": str(plane.tofu_config), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def tofu(*argv: str) -> None:
        ended = subprocess.run(
            [str(plane.bin / "tofu"), *argv, "-no-color"],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    tofu("init", "-input=false")
    tofu("apply", "-auto-approve", "-input=false")
    try:
        kubectl("wait", "--for=condition=Ready", "node", namespace, "--timeout=30s")
    finally:
        tofu("destroy", "-auto-approve", "-input=false")
    assert namespace not in kubectl("get", "nodes", "-o", "name")


@pytest.mark.parametrize(
    ("program", "argument", "said"),
    [("helm", "version", "v3.19.5"), ("opa", "version", "1.22.2"), ("tofu", "version", "v1.10.10")],
)
def test_programs_tell_their_version(plane: Endpoints, program: str, argument: str, said: str) -> None:
    ended = subprocess.run([str(plane.bin / program), argument], capture_output=True, text=True, check=True, timeout=60)
    assert said in ended.stdout
