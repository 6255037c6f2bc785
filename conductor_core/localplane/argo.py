"""The Argo part of the local control plane: the Rollouts controller and the four parts of Argo CD.

They run outside a cluster, so paths, kubeconfig and addresses are told by argument and environment. Rule:
`infra/local/README.md`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from conductor_core.localplane.layout import Layout
from conductor_core.localplane.processes import Probe, Process
from conductor_core.localplane.programs import Programs


def argo(layout: Layout, programs: Programs, ports: Mapping[str, int]) -> tuple[Process, ...]:
    """The Rollouts controller and the four parts of Argo CD; raises `ConfigurationError` when one isn't built."""
    local, needs = "127.0.0.1", ("argocd-server",)  # which makes the key that the others read
    redis, repo = f"--redis={local}:{ports['valkey']}", f"{local}:{ports['argocd-repo']}"
    home = layout.data / "argocd"
    env = {
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "KUBECONFIG": str(layout.kubeconfig("argocd")),
        "ARGOCD_TLS_DATA_PATH": str(home / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(home / "ssh"),
        "ARGOCD_GNUPGHOME": str(home / "gpg"),
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_ASK_PASS_SOCK": socket_path(layout),
        "REDIS_PASSWORD": (layout.pki / "redis-password").read_text(encoding="utf-8"),
        "PATH": f"{programs.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "TMPDIR": str(layout.data / "tmp"),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "HELM_CACHE_HOME": str(home / "helm"),
    }

    def part(role: str, ready: Probe, after: tuple[str, ...], *flags: str, kubeconfig: bool = True) -> Process:
        argv = (str(programs.path("argocd")), "--loglevel=warn", *flags)
        if kubeconfig:
            argv += (f"--kubeconfig={layout.kubeconfig('argocd')}", "--namespace=argocd")
        return Process(
            f"argocd-{role}", argv, env={**env, "ARGOCD_BINARY_NAME": f"argocd-{role}"}, ready=ready, after=after
        )

    return (
        Process(
            "rollouts-controller",
            (
                str(programs.path("rollouts-controller")),
                f"--kubeconfig={layout.kubeconfig('rollouts')}",
                "--leader-elect=false",
                f"--healthzPort={ports['rollouts-health']}",
                f"--metricsPort={ports['rollouts-metrics']}",
                "--loglevel=warn",
            ),
            env={"ARGO_ROLLOUTS_PROMETHEUS_ADDRESS": f"http://127.0.0.1:{ports['prometheus']}"},
            ready=http(ports["rollouts-health"], "/healthz"),
            after=("seed-cluster",),
        ),
        part(
            "repo-server",
            http(ports["argocd-repo-metrics"], "/healthz?full=true"),
            ("valkey",),
            f"--address={local}",
            f"--port={ports['argocd-repo']}",
            f"--metrics-address={local}",
            f"--metrics-port={ports['argocd-repo-metrics']}",
            "--disable-tls",
            redis,
            kubeconfig=False,
        ),
        part(
            "application-controller",
            http(ports["argocd-controller-metrics"], "/healthz"),
            needs,
            f"--metrics-port={ports['argocd-controller-metrics']}",
            f"--repo-server={repo}",
            "--repo-server-plaintext",
            "--app-resync=20",
            "--app-resync-jitter=0",
            redis,
        ),
        part(
            "applicationset-controller",
            http(ports["argocd-appset-metrics"], "/metrics"),
            needs,
            f"--metrics-addr={local}:{ports['argocd-appset-metrics']}",
            f"--probe-addr={local}:{ports['argocd-appset-probe']}",
            f"--webhook-addr={local}:{ports['argocd-appset-webhook']}",
            f"--argocd-repo-server={repo}",
            "--repo-server-plaintext",
            "--enable-progressive-syncs",
        ),
        part(
            "server",
            http(ports["argocd-server"], "/healthz?full=true"),
            ("seed-cluster", "valkey", "argocd-repo-server"),
            "--insecure",
            f"--address={local}",
            f"--port={ports['argocd-server']}",
            f"--metrics-address={local}",
            f"--metrics-port={ports['argocd-server-metrics']}",
            f"--repo-server={repo}",
            "--repo-server-plaintext",
            f"--staticassets={home / 'static'}",
            redis,
        ),
    )


def http(port: int, path: str) -> Probe:
    """Ready when that path answers on loopback."""
    return Probe("http", f"http://127.0.0.1:{port}{path}")


def socket_path(layout: Layout) -> str:
    """A path short enough for a Unix socket (107 bytes), different for each home."""
    path = layout.run / "askpass.sock"
    if len(str(path)) < 100:
        return str(path)
    short = hashlib.sha256(str(layout.root).encode()).hexdigest()[:16]
    return str(Path(tempfile.gettempdir()) / f"conductor-{os.getuid()}-{short}.sock")
