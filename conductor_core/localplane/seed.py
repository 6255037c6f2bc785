"""Seeds the cluster and Argo CD of the local control plane; run by the supervisor as tasks `cluster` and `access`.

Repeatable: what is as it should be costs one read. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from conductor_core.errors import ConductorError, InputError, StateError, ToolError, UnreachableError
from conductor_core.localplane.layout import Layout, write_private
from conductor_core.localplane.programs import LOCAL_INFRA
from conductor_core.settings import PROJECT_ROOT

MARKER = "conductor-local-seed"
ACCOUNT = "conductor"


class Kubectl:
    """The built kubectl as administrator of the plane."""

    def __init__(self, program: Path, layout: Layout) -> None:
        self._argv = [
            str(program),
            f"--kubeconfig={layout.kubeconfig('admin')}",
            f"--cache-dir={layout.data / 'kubectl-cache'}",
        ]

    def __call__(self, *argv: str, text: str | None = None, may_fail: bool = False) -> str:
        """Run and return the output; raises `ToolError`, with `may_fail` returns nothing instead."""
        ended = subprocess.run(
            [*self._argv, *argv], input=text, capture_output=True, text=True, check=False, timeout=120
        )
        if ended.returncode and not may_fail:
            raise ToolError(
                "The local cluster can't be seeded: kubectl failed.",
                why=ended.stderr.strip()[-2000:],
                next="Run `conductor local up` again, or `conductor local reset` for a new one.",
            )
        return ended.stdout.strip() if not ended.returncode else ""


def cluster(layout: Layout, bin_dir: Path, assets: Path) -> None:
    """CRDs, namespaces, access, Argo CD's configuration, and nodes when there are none; raises `ToolError`."""
    kubectl = Kubectl(bin_dir / "kubectl", layout)
    ours = [LOCAL_INFRA / "seed" / f"{n}.yaml" for n in ("namespaces", "access")]
    crds = sorted((assets / "crds").rglob("*.yaml"))
    base = sorted((assets / "argocd").glob("*.yaml"))
    config = LOCAL_INFRA / "seed" / "argocd.yaml"
    product = sorted((PROJECT_ROOT / "infra" / "k8s" / "namespaces").glob("*.yaml"))
    told = hashlib.sha256()
    for path in (*ours, *crds, *base, config, *product):
        told.update(path.read_bytes())
    digest = told.hexdigest()
    found = kubectl(
        "get", "configmap", MARKER, "-n", "kube-system", "-o", "jsonpath={.data.digest}", "--ignore-not-found"
    )
    if found == digest:
        return
    _apply(kubectl, [*ours, *crds], "conductor-local")
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    _apply(kubectl, base, "conductor-local", "-n", "argocd")
    _apply(kubectl, [config], "conductor-local-settings")
    if product:
        _apply(kubectl, product, "conductor-local")
    if not kubectl("get", "nodes", "-o", "name"):
        kubectl("create", "-f", str(LOCAL_INFRA / "seed" / "nodes.yaml"))
    marker = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": MARKER, "namespace": "kube-system"}}
    marker |= {"data": {"digest": digest}}
    kubectl("apply", "--server-side", "--field-manager=conductor-local", "-f", "-", text=json.dumps(marker))


def _apply(kubectl: Kubectl, files: Sequence[Path], manager: str, *more: str) -> None:
    named = [a for f in files for a in ("-f", str(f))]
    kubectl("apply", "--server-side", "--force-conflicts", f"--field-manager={manager}", *more, *named)


def access(layout: Layout, bin_dir: Path, server: str) -> None:
    """Keep a valid token of Argo CD's account `conductor` in the layout's token file.

    Raises `UnreachableError` when Argo CD does not answer, `StateError` when its administrator's password is gone.
    """
    try:
        with httpx.Client(base_url=server, timeout=10.0, trust_env=False) as client:
            if _valid(client, layout):
                return
            kubectl = Kubectl(bin_dir / "kubectl", layout)
            session = client.post("/api/v1/session", json={"username": "admin", "password": _password(kubectl)})
            bearer = {"Authorization": f"Bearer {session.raise_for_status().json()['token']}"}
            body = {"name": ACCOUNT, "expiresIn": 0}
            made = client.post(f"/api/v1/account/{ACCOUNT}/token", json=body, headers=bearer).raise_for_status()
            write_private(layout.token_file, made.json()["token"])
    except (httpx.HTTPError, KeyError, ValueError) as bad:
        said = bad.response.text[:500] if isinstance(bad, httpx.HTTPStatusError) else ""
        raise UnreachableError(
            "The local Argo CD gives no token.",
            why=f"{bad} {said}".strip(),
            next="Read the log argocd-server.log, then try again.",
        ) from bad


def _valid(client: httpx.Client, layout: Layout) -> bool:
    if not layout.token_file.is_file():
        return False
    kept = layout.token_file.read_text(encoding="utf-8").strip()
    asked = client.get("/api/v1/session/userinfo", headers={"Authorization": f"Bearer {kept}"})
    return asked.status_code == 200 and bool(asked.json().get("loggedIn"))


def _password(kubectl: Kubectl) -> str:
    for _ in range(20):
        path = "jsonpath={.data.password}"
        name = "argocd-initial-admin-secret"
        kept = kubectl("get", "secret", name, "-n", "argocd", "-o", path, "--ignore-not-found", may_fail=True)
        if kept:
            return base64.b64decode(kept).decode()
        time.sleep(0.5)
    raise StateError(
        "The local Argo CD's first password is gone, so no token can be made.",
        why="The secret argocd-initial-admin-secret doesn't exist.",
        next="Restore the secret, or run `conductor local reset`.",
    )


def main(task: str, root: str, logs: str, bin_dir: str, more: str) -> int:
    """Run one task; a failure is printed for the log and told by the exit code."""
    layout = Layout(Path(root), Path(logs))
    os.umask(0o077)
    try:
        if task == "cluster":
            cluster(layout, Path(bin_dir), Path(more))
        elif task == "access":
            access(layout, Path(bin_dir), more)
        else:
            raise InputError(f"There is no task {task}.", next="Use cluster or access.")
    except ConductorError as bad:
        print(f"{bad.what} {bad.why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:6]))
