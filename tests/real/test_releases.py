"""Releases read on the real control plane: IntelGraph's own chart deployed, compared, changed by hand, rolled back."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.git import GitRepository
from conductor_core.adapters.helm import HelmProgram
from conductor_core.adapters.kubernetes import KubernetesCluster, KubernetesPatches
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.manifests import Identity
from conductor_core.domain.operations import OperationState
from conductor_core.domain.plans import Plan
from conductor_core.domain.releases import Status
from conductor_core.errors import ToolError, TransientError, UnreachableError
from conductor_core.localplane.layout import Endpoints
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.commands import CommandResult
from conductor_core.ports.helm import Helm
from conductor_core.ports.locks import HeldLock
from conductor_core.ports.repository import Author
from conductor_core.services.hook_failures import HookFailures
from conductor_core.services.operations import Context, OperationService
from conductor_core.services.release_dry_runs import DryRuns
from conductor_core.services.release_stuck import HelmMend, ReleaseStuck
from conductor_core.services.releases import ReleaseReader
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.domain import change
from tests.fakes.operation_store import MemoryOperationStore

pytestmark = pytest.mark.real
ME = Author("Rita Requester", "rita@example.test")
CHANNELS = """
releases:
  intelgraph:
    chart: helm/intelgraph
    channels:
      dev: {{branch: main, namespace: {0}, values: [helm/intelgraph/values-dev.yaml], tier: dev}}
"""
SLOW_HOOK = """apiVersion: v1
kind: Pod
metadata: {name: slow, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
spec: {nodeSelector: {nowhere: "true"}, containers: [{name: x, image: "x:1"}]}
"""


@dataclass
class Estate:
    """The reader and its ports on the plane, with an operations repository and a namespace of this test's own."""

    reader: ReleaseReader
    helm: Helm
    cluster: Cluster
    repository: GitRepository
    namespace: str

    def deploy(self, operation: str, sets: dict[str, str] | None = None) -> None:
        self.helm.upgrade(self.reader.chart_request("intelgraph", "dev", sets=sets), operation, timeout=120)

    def changes(self, old: str = "live:dev", new: str = "channel:dev") -> dict[str, list[str]]:
        compared = self.reader.compare("intelgraph", old, new)
        return {
            f"{r.standing} {r.identity.kind}/{r.identity.name}": [f.pointer for f in r.fields]
            for r in compared.resources
            if r.standing != "unchanged"
        }


def remote_with(folder: Path, namespace: str) -> Path:
    """A bare repository with this project's charts."""
    work, bare = folder / "work", folder / "ops.git"
    shutil.copytree(PROJECT_ROOT / "helm", work / "helm")
    (work / "channels.yaml").write_text(CHANNELS.format(namespace))
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
def estate(plane: Endpoints, namespace: str, tmp_path: Path) -> Estate:
    commands, documents = SystemCommands(), YamlDocuments()
    repository = GitRepository(commands, str(remote_with(tmp_path, namespace)), tmp_path / "home")
    cluster = KubernetesCluster(plane.kubeconfig, plane.context)
    helm = HelmProgram(
        commands, documents, str(plane.bin / "helm"), plane.kubeconfig, plane.context, tmp_path / "home" / "helm"
    )
    dry = DryRuns(cluster, KubernetesPatches(plane.kubeconfig, plane.context))
    reader = ReleaseReader(repository, helm, cluster, documents, mask_key=b"k" * 32, fresh_seconds=-1, dry_runs=dry)
    return Estate(reader, helm, cluster, repository, namespace)


def eventually(said: Callable[[], object], seconds: float = 60) -> None:
    """Wait until `said` is true."""
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.3)


def row(estate: Estate) -> tuple[int, str, bool | None]:
    found = next(r for r in estate.reader.inventory().rows if r.namespace == estate.namespace)
    return found.revision, found.health, found.in_step


def test_a_deploy_is_what_was_predicted_and_leaves_nothing_to_change(estate: Estate) -> None:
    predicted = estate.changes()
    assert set(predicted) >= {"added Rollout/intelgraph", "added Deployment/intelgraph-ui"}
    assert all(key.startswith("added ") for key in predicted)
    estate.deploy("op-1")
    assert estate.changes() == {}
    eventually(lambda: row(estate) == (1, "healthy", True))
    assert estate.changes() == {}


def test_a_hand_made_change_is_found_and_what_controllers_write_is_not(
    estate: Estate, kubectl: Callable[..., str]
) -> None:
    estate.deploy("op-1")
    where = f"--namespace={estate.namespace}"
    kubectl("scale", where, "deployment/intelgraph-ui", "--replicas=4")
    kubectl("annotate", where, "deployment/intelgraph-ui", "somebody=was-here")
    assert estate.changes() == {"changed Deployment/intelgraph-ui": ["/spec/replicas"]}
    compared = estate.reader.compare("intelgraph", "live:dev", "channel:dev", confirm=True)
    (changed,) = [r for r in compared.resources if r.fields]
    assert (compared.basis, changed.confirmed, changed.notes) == ("server", True, ())
    assert [(f.by, f.owner) for f in changed.fields] == [("cluster", "kubectl (scale)")]
    assert [(k.pointer, k.value, k.owner, k.at[:2]) for k in changed.kept] == [
        ("/metadata/annotations/somebody", "was-here", "kubectl-annotate", "20")
    ]
    assert [r.identity.kind for r in compared.resources if r.kept] == ["Deployment"]
    whole = estate.reader.compare("intelgraph", "live:dev", "channel:dev", all_fields=True, confirm=True)
    (all_of_it,) = [r for r in whole.resources if r.fields]
    assert [f.pointer for f in all_of_it.fields] == ["/metadata/generation", "/spec/replicas"]
    assert {"/status", "/spec/progressDeadlineSeconds"} <= {k.pointer for k in all_of_it.kept}
    kubectl("delete", where, "service/intelgraph-ui")
    assert "added Service/intelgraph-ui" in estate.changes()


def test_a_commit_puts_the_channel_out_of_step_until_it_is_deployed_and_rolled_back(estate: Estate) -> None:
    estate.deploy("op-1")
    path = "helm/intelgraph/values-dev.yaml"
    text = estate.repository.read(estate.repository.resolve("main"), path)
    assert b"LOG_LEVEL: debug" in text
    estate.repository.commit("main", {path: text.replace(b"LOG_LEVEL: debug", b"LOG_LEVEL: warn")}, "Level", ME)
    changed = estate.changes()
    assert changed["changed ConfigMap/intelgraph-api"] == ["/data/LOG_LEVEL"]
    assert "changed Rollout/intelgraph" in changed  # its pods carry the checksum of their configuration
    assert row(estate)[2] is False
    estate.deploy("op-2")
    assert estate.changes() == {}
    estate.helm.rollback("intelgraph", estate.namespace, 1, "op-3", timeout=120)
    assert estate.changes("revision:dev/1", "revision:3") == {}
    assert estate.changes() == changed
    told = [(r.revision, r.made_by("op-1"), r.made_by("op-2")) for r in estate.reader.history("intelgraph", "dev")]
    assert told == [(1, True, False), (2, False, True), (3, False, False)]


def test_the_cluster_is_asked_less_often_than_there_are_objects(estate: Estate) -> None:
    estate.deploy("op-1")
    asked: list[str] = []
    inner = estate.cluster._requests.send  # type: ignore[attr-defined]  # counts the requests that leave the process

    def counted(method: str, path: str, *args: object, **more: object) -> object:
        asked.append(path)
        return inner(method, path, *args, **more)

    estate.cluster._requests.send = counted  # type: ignore[attr-defined]  # as above
    compared = estate.reader.compare("intelgraph", "live:dev", "channel:dev")
    assert compared.same
    assert len([p for p in asked if "/namespaces/" in p]) <= len({r.identity.kind for r in compared.resources}) + 2


class Impatient(SystemCommands):
    """Stops `helm upgrade` after six seconds, whatever it was given."""

    def run(self, argv: Sequence[str], **more: Any) -> CommandResult:
        return super().run(argv, **(more | ({"timeout": 6.0} if argv[1] == "upgrade" else {})))


def test_an_act_stopped_at_its_deadline_is_recognised(estate: Estate, plane: Endpoints, tmp_path: Path) -> None:
    """A hook that never ends: helm is stopped, frees the lock, and the revision tells which operation it was."""
    estate.repository.commit("main", {"helm/intelgraph/templates/slow.yaml": SLOW_HOOK.encode()}, "Slow", ME)
    estate.reader.refresh()
    helm = HelmProgram(
        Impatient(), YamlDocuments(), str(plane.bin / "helm"), plane.kubeconfig, plane.context, tmp_path / "helm"
    )
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(TransientError, match="did not finish"):
        helm.upgrade(estate.reader.chart_request("intelgraph", "dev"), "op-9", inherit_fds=[lock])
    os.close(lock)
    other = os.open(tmp_path / "lock", os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
    (revision,) = estate.reader.history("intelgraph", "dev")
    # Helm marks the revision as failed when it has the time to, and leaves it pending else.
    assert revision.made_by("op-9")
    assert revision.status in (Status.FAILED, Status.PENDING_INSTALL)


FAILING_HOOK = """apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
spec:
  activeDeadlineSeconds: 1
  template:
    spec: {restartPolicy: Never, nodeSelector: {nowhere: "true"}, containers: [{name: x, image: "x:1"}]}
"""


def test_a_failed_hook_says_why_and_a_killed_helm_is_diagnosed_and_mended(
    estate: Estate, plane: Endpoints, kubectl: Callable[..., str]
) -> None:
    estate.deploy("op-1")
    hook = "helm/intelgraph/templates/hook.yaml"
    estate.repository.commit("main", {hook: FAILING_HOOK.encode()}, "Hook", ME)
    estate.reader.refresh()
    with pytest.raises(ToolError, match="A hook of intelgraph"):
        estate.deploy("op-2")
    failures = HookFailures(estate.cluster, bytes(32))
    told = failures.told(estate.reader.render("intelgraph", "channel:dev").hooks, ())
    assert told[0].startswith("Job migrate: failed DeadlineExceeded")
    assert any("event" in line for line in told)

    estate.repository.commit("main", {hook: SLOW_HOOK.encode()}, "Slow", ME)
    estate.reader.refresh()
    request = estate.reader.chart_request("intelgraph", "dev")
    argv = ["upgrade", "intelgraph", str(request.chart), f"--namespace={estate.namespace}"]
    argv += [f"--kubeconfig={plane.kubeconfig}", *(f"--values={p}" for p in request.values)]
    with subprocess.Popen([str(plane.bin / "helm"), *argv], stdout=subprocess.DEVNULL) as helm:
        eventually(lambda: failures.running({Identity("", "Pod", estate.namespace, "slow"): {"kind": "Pod"}}))
        helm.kill()
    store = MemoryChangeStore()
    clock = SteppingClock(datetime.now(UTC))
    stuck = ReleaseStuck(estate.reader, store, failures, clock, estate.helm)
    found = stuck.of("intelgraph", "dev")
    assert found is not None
    assert (found.status, found.back_to) == ("pending-upgrade", 1)
    assert "its hook Pod slow" in found.running
    kubectl("delete", "pod", "slow", f"--namespace={estate.namespace}", "--wait=true")
    clock.step(3600)
    asked = change(parameters={"release": "intelgraph", "channel": "dev"})
    draft = stuck.plan(asked)
    acts = OperationService(
        MemoryOperationStore(store, clock), {"helm_mend": HelmMend(estate.helm, estate.reader)}, clock
    )
    planned = change(parameters=asked.parameters, plan=Plan((), draft.facts, draft.summary))
    done = acts.perform(Context(planned, HeldLock("none", 0), lambda _: None), "helm_mend")
    assert done.state is OperationState.SUCCEEDED, done
    assert stuck.of("intelgraph", "dev") is None


def test_an_unreachable_cluster_is_said_and_channels_still_compare(estate: Estate, tmp_path: Path) -> None:
    dead = tmp_path / "dead.yaml"
    dead.write_text(
        "apiVersion: v1\nkind: Config\nclusters: [{name: d, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "contexts: [{name: d, context: {cluster: d, user: u}}]\nusers: [{name: u, user: {token: t}}]\n"
    )
    documents = YamlDocuments()
    reader = ReleaseReader(estate.repository, estate.helm, KubernetesCluster(dead, "d"), documents, mask_key=b"k" * 32)
    assert reader.compare("intelgraph", "channel:dev", "channel:dev").same
    assert "did not answer" in reader.inventory().notes[0]
    with pytest.raises(UnreachableError):
        reader.compare("intelgraph", "live:dev", "channel:dev")
