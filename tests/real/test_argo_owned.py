"""A release that an Application owns, on a real Argo CD that heals itself: reverted by Git, synced, not fought over."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conductor_core.adapters.argocd import HttpxArgoCd
from conductor_core.adapters.git import GitRepository
from conductor_core.adapters.helm import HelmProgram
from conductor_core.adapters.kubernetes import KubernetesCluster
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.operations import OperationState
from conductor_core.domain.plans import Plan
from conductor_core.localplane.layout import Endpoints
from conductor_core.ports.helm import Helm
from conductor_core.ports.locks import HeldLock
from conductor_core.ports.repository import Author
from conductor_core.services.application_sync import ApplicationSync, ApplicationSyncPlan
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.ledger import Ledger
from conductor_core.services.operations import Context, OperationService
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.release_shelf import release_shelf
from conductor_core.services.releases import ReleaseReader
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.domain import change
from tests.fakes.operation_store import MemoryOperationStore
from tests.fakes.quarantines import MemoryQuarantines

pytestmark = [pytest.mark.real, pytest.mark.slow]
ME = Author("Rita Requester", "rita@example.test")
FILES = {
    "channels.yaml": "releases:\n  shop:\n    chart: shop\n    channels:\n"
    "      dev: {{branch: main, namespace: {0}, values: [], tier: dev}}\n",
    "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: 1.0.0\n",
    "shop/values.yaml": "image: {{tag: 1.0.0}}\n",
    "shop/templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: shop}}\n"
    "data: {{tag: {{{{ .Values.image.tag | quote }}}}}}\n",
}
APPLICATION = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {0}, namespace: argocd}}
spec:
  project: default
  source: {{repoURL: "file://{1}", path: shop, targetRevision: main, helm: {{releaseName: shop}}}}
  destination: {{server: "https://kubernetes.default.svc", namespace: {0}}}
  syncPolicy: {{automated: {{selfHeal: true, prune: true}}}}
"""


def eventually(said: Callable[[], object], seconds: float = 120) -> None:
    """Wait until `said` is true."""
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.3)


@pytest.fixture
def remote(namespace: str, tmp_path: Path) -> Path:
    """A bare repository with a small chart."""
    work, bare = tmp_path / "work", tmp_path / "ops.git"
    for path, text in FILES.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text.format(namespace))
    identity = ["-c", "user.name=S", "-c", "user.email=s@example.test"]
    for command in (
        ["init", "-q", "-b", "main", str(work)],
        ["-C", str(work), "add", "-A"],
        [*identity, "-C", str(work), "commit", "-q", "-m", "seed"],
        ["clone", "-q", "--bare", str(work), str(bare)],
    ):
        subprocess.run(["git", *command], check=True, capture_output=True)
    return bare


@pytest.fixture
def application(plane: Endpoints, namespace: str, remote: Path, kubectl: Callable[..., str]) -> Iterator[HttpxArgoCd]:
    """The Application of that namespace's name, healing itself."""
    argocd = HttpxArgoCd(plane.argocd_url, plane.argocd_token())
    kubectl("apply", "-f", "-", text=APPLICATION.format(namespace, remote))
    try:
        yield argocd
    finally:
        argocd.close()
        kubectl("delete", "application", namespace, "-n", "argocd", "--wait=false")


def test_an_application_is_synced_once_after_its_plan_has_named_what_goes(
    plane: Endpoints, namespace: str, remote: Path, kubectl: Callable[..., str], tmp_path: Path
) -> None:
    by_hand = APPLICATION.partition("  syncPolicy")[0]
    kubectl("apply", "-f", "-", text=by_hand.format(namespace, remote))
    repository = GitRepository(SystemCommands(), str(remote), tmp_path / "home")
    clock, memory = SteppingClock(), MemoryChangeStore()
    argocd = HttpxArgoCd(plane.argocd_url, plane.argocd_token())
    argo = ArgoSync(argocd, time.monotonic, time.sleep)
    plan = ApplicationSyncPlan(argo, lambda _: "dev", b"k" * 32)
    acts = OperationService(MemoryOperationStore(memory, clock), {"application_sync": ApplicationSync(argo)}, clock)

    def synced(change_id: str) -> dict[str, str]:
        eventually(lambda: argocd.application(namespace, refresh=True).sync == "OutOfSync")
        draft = plan(change(change_id, parameters={"application": namespace, "namespace": ""}))
        asked = change(change_id, plan=Plan((), draft.facts, draft.summary))
        done = acts.perform(Context(asked, HeldLock("none", 0), lambda _: None), "application_sync")
        assert done.state is OperationState.SUCCEEDED, done
        return draft.summary

    def there(name: str) -> str:
        return kubectl("get", "configmap", name, "-n", namespace, "--ignore-not-found", "-o=name")

    try:
        first = synced("chg-1")
        assert (first["removes"], first["creates"]) == ("nothing", f"ConfigMap {namespace}/shop")
        assert there("shop")
        template = FILES["shop/templates/map.yaml"].format(namespace).replace("name: shop", "name: cart").encode()
        repository.commit("main", {"shop/templates/map.yaml": None, "shop/templates/cart.yaml": template}, "Rename", ME)
        second = synced("chg-2")
        assert second["removes"] == f"ConfigMap {namespace}/shop"
        assert second["creates"] == f"ConfigMap {namespace}/cart"
        eventually(lambda: (there("shop"), bool(there("cart"))) == ("", True))  # pruned in the background
    finally:
        argocd.close()
        kubectl("delete", "application", namespace, "-n", "argocd", "--wait=false")


def test_git_goes_back_argo_cd_is_synced_and_the_version_is_quarantined(
    plane: Endpoints,
    namespace: str,
    remote: Path,
    application: HttpxArgoCd,
    kubectl: Callable[..., str],
    tmp_path: Path,
) -> None:
    commands, documents, home = SystemCommands(), YamlDocuments(), tmp_path / "home"
    repository = GitRepository(commands, str(remote), home)
    cluster = KubernetesCluster(plane.kubeconfig, plane.context)
    program = str(plane.bin / "helm")
    helm: Helm = HelmProgram(commands, documents, program, plane.kubeconfig, plane.context, home / "helm")
    reader = ReleaseReader(repository, helm, cluster, documents, mask_key=b"k" * 32, fresh_seconds=-1)
    clock, memory = SteppingClock(), MemoryChangeStore()
    quarantines = QuarantineService(MemoryQuarantines(memory), Ledger(memory, clock), clock)
    shelf = release_shelf(
        reader,
        quarantines,
        repository=repository,
        helm=helm,
        documents=documents,
        store=memory,
        mask_key=b"k" * 32,
        cluster=cluster,
        clock=clock,
        argo=ArgoSync(application, time.monotonic, time.sleep),
    )

    def runs() -> str:
        return kubectl("get", "configmap", "shop", "-n", namespace, "--ignore-not-found", "-o=jsonpath={.data.tag}")

    eventually(lambda: runs() == "1.0.0")
    good = reader.commit("shop", "dev")
    (row,) = [r for r in reader.inventory().rows if r.namespace == namespace]
    assert (row.application, row.revision, row.version) == (namespace, 0, good[:12])
    bad = repository.commit("main", {"shop/values.yaml": b"image: {tag: 1.0.1}\n"}, "Bad", ME)
    eventually(lambda: application.application(namespace, refresh=True).revision == bad and runs() == "1.0.1")

    given: dict[str, object] = {"release": "shop", "channel": "dev"}
    (row,) = [r for r in reader.inventory().rows if r.namespace == namespace]
    assert (row.version, row.earlier) == (bad[:12], good)
    looked_at = shelf.plans["release_validate"](change(parameters=given)).facts
    assert (looked_at["application"], looked_at["commit"]) == (namespace, bad)
    draft = shelf.plans["release_revert"](change(parameters=given))
    assert (draft.facts["application"], draft.facts["commit"], draft.facts["quarantine"]) == (namespace, good, "1.0.1")
    asked = change(parameters=given, plan=Plan((), draft.facts, draft.summary))
    acts = OperationService(MemoryOperationStore(memory, clock), shelf.drivers, clock)
    context = Context(asked, HeldLock("none", 0), lambda _: None)
    for kind in ("quarantine_version", "git_revert", "argo_sync"):
        done = acts.perform(context, kind)
        assert done.state is OperationState.SUCCEEDED, done
    assert runs() == "1.0.0"
    assert repository.read(repository.resolve("main"), "shop/values.yaml") == b"image: {tag: 1.0.0}\n"
    assert [q.version for q in quarantines.active("shop")] == ["1.0.1"]
    now = application.application(namespace, refresh=True)
    assert now.automated
    assert (now.sync, now.revision) == ("Synced", reader.commit("shop", "dev"))
    kubectl("patch", "configmap", "shop", "-n", namespace, "--type=merge", "-p", '{"data": {"tag": "by-hand"}}')
    eventually(lambda: runs() == "1.0.0")  # it still heals itself, towards what Git says now
