"""Progressive delivery on the real control plane: waves that walk, a bad version that is caught, acts, a fleet."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.adapters.argocd import HttpxArgoCd
from conductor_core.adapters.kubernetes import KubernetesCluster, KubernetesPatches
from conductor_core.domain.rollouts import Rollout
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT
from tests.crash.workbench import Answer, Workbench, fresh_names, opened
from tests.fakes.rollouts import manifest
from tests.real.conftest import run_kubectl

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1800)]

CHANNELS = """releases:
  intelgraph:
    chart: helm/intelgraph
    channels:
      dev: {{branch: dev, namespace: {0}, values: [helm/intelgraph/values-waves.yaml], tier: dev}}
      next: {{branch: dev, namespace: {1}, values: [helm/intelgraph/values-next.yaml], tier: dev}}
  shop:
    chart: helm/shop
    channels:
      staging: {{branch: prod, namespace: {3}, values: [], tier: staging}}
  others:
    chart: helm/intelgraph
    channels:
      staging: {{branch: dev, namespace: {1}, values: [], tier: staging}}
      dev: {{branch: dev, namespace: {2}, values: [], tier: dev}}
"""
NEXT_FILE = "helm/intelgraph/values-next.yaml"
WAVES_FILE = "helm/intelgraph/values-waves.yaml"
WAVES = """
replicaCount: 5
secrets: {existingSecret: intelgraph-dev}
podDisruptionBudget: {enabled: false}
rollout:
  steps:
    - {wave: canary, weight: 10}
    - {wave: canary, pause: {}}
    - {wave: canary, analysis: {templates: [success-rate]}}
    - {wave: baseline, experiment: {duration: 20s, replicas: 1, templates: [success-rate]}}
    - {wave: full, weight: 100}
  analysis: {initialDelay: 12s, interval: 3s, count: 3, window: 20s}
"""


def contexts(plane: Endpoints, file: Path) -> Path:
    """The plane's kubeconfig with two more contexts: `east` is the same plane once more, and behind `west` is nobody.

    A second control plane would be heavy; what a cluster is to the product is a context, so this one stands for two.
    """
    found = yaml.safe_load(plane.kubeconfig.read_text(encoding="utf-8"))
    (own,) = found["contexts"]
    nobody = {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": True}
    found["clusters"].append({"name": "west", "cluster": nobody})
    found["contexts"].append({"name": "east", "context": own["context"]})
    found["contexts"].append({"name": "west", "context": own["context"] | {"cluster": "west"}})
    file.write_text(yaml.safe_dump(found), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def bench(plane: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench on the project's own charts with waves that are quick to walk, and a worker at work."""
    settings = {
        "CONDUCTOR_KUBECONFIG": str(contexts(plane, tmp_path_factory.mktemp("clusters") / "kubeconfig")),
        "CONDUCTOR_FLEET_CONTEXTS": "east, west",
        "CONDUCTOR_ARGOCD_URL": plane.argocd_url,
        "CONDUCTOR_ARGOCD_TOKEN": plane.argocd_token(),
        "CONDUCTOR_PROMETHEUS_URL": plane.prometheus_url,
    }
    names = fresh_names("waves", "staging", "dev", "shop")
    with opened(plane, names, settings) as bench:
        for name in ("helm", "policies"):
            shutil.copytree(PROJECT_ROOT / name, bench.files / name)
        (bench.files / "helm/intelgraph/values-waves.yaml").write_text(WAVES)
        (bench.files / NEXT_FILE).write_text(f"{WAVES}\nimage: {{tag: 1.4.0}}  # what the next channel has\n")
        bench.commit({"channels.yaml": CHANNELS.format(*names)})
        bench.start()
        yield bench


@pytest.fixture
def rollouts(plane: Endpoints) -> ArgoRollouts:
    """What Argo Rollouts says, past the product's services."""
    cluster = KubernetesCluster(plane.kubeconfig, plane.context)
    return ArgoRollouts(cluster, KubernetesPatches(plane.kubeconfig, plane.context))


@pytest.fixture
def conductor(bench: Workbench) -> Callable[..., Answer]:
    """Runs a command and compares its exit code."""

    def run(*argv: str, code: int = 0) -> Answer:
        answer = bench.cli(*argv, timeout=240)
        assert answer.code == code, (argv, answer)
        return answer

    return run


def until(rollouts: ArgoRollouts, place: str, said: Callable[[Rollout], bool], seconds: float = 150) -> Rollout:
    """The Rollout once that is true of it."""
    namespace, _, name = place.partition("/")
    end = time.monotonic() + seconds
    while True:
        now = next((r for r in rollouts.all(namespace) if r.name == name), None)
        if now is not None and said(now):
            return now
        assert time.monotonic() < end, now
        time.sleep(0.3)


def recorded(bench: Workbench, place: str, kind: str, said: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The data of the first such fact of a rollout, once its worker has kept it."""
    end = time.monotonic() + 60
    while True:
        rows = bench.conductor.store.events(subject=f"rollout/{place}", kind=kind)
        found = [row.event.data for row in rows if said(row.event.data)]
        if found:
            return found[0]
        assert time.monotonic() < end, [row.event.data for row in rows]
        time.sleep(0.3)


def act(conductor: Callable[..., Answer], *argv: str, code: int = 0) -> dict[str, Any]:
    """Request an act as the requester and wait for its end; gives the Change."""
    tail = ("--reason", "test", "--as", "requester", "--wait", "--json")
    found: dict[str, Any] = conductor("delivery", *argv, *tail, code=code).json
    return found


def operation(bench: Workbench, change: dict[str, Any]) -> dict[str, Any]:
    """What the one operation of a Change came to."""
    (found,) = bench.conductor.operations.of(change["id"])
    assert found.dispatches == 1
    return found.result


def test_a_good_version_walks_through_its_waves_and_a_bad_one_is_caught(
    bench: Workbench, conductor: Callable[..., Answer], rollouts: ArgoRollouts
) -> None:
    place = f"{bench.namespaces[0]}/intelgraph"
    start = ("delivery", "start", "intelgraph", "--channel", "dev", "--reason", "waves", "--as", "requester", "--json")
    first = conductor(*start, "--set", "image.tag=1.3.9", "--set", "ui.image.tag=2.2.0").json
    assert conductor("change", "wait", first["id"], "--json").json["state"] == "succeeded"

    # canary: 10 % of five pods is one pod, and the pause waits for a person
    good = conductor(*start, "--set", "image.tag=1.4.3").json
    held = until(rollouts, place, lambda r: bool(r.pauses))
    assert (held.wave, held.weight, held.updated, held.version) == ("canary", 10, 1, "1.4.3")
    told = conductor("delivery", "verdict", place, "--json", code=3).json
    assert (told["verdict"], told["causes"]) == ("held", ["waits for a person"])
    assert {f["topic"] for f in told["findings"]} >= {"SLO", "analysis", "policy", "scan", "signature", "approvals"}
    promoted = act(conductor, "promote", place)
    assert promoted["state"] == "succeeded"
    assert operation(bench, promoted)["read_back"]["reached"]

    # baseline: stable and new side by side; then everybody
    baseline = until(rollouts, place, lambda r: r.wave == "baseline" and bool(r.experiment))
    assert baseline.updated == 1
    done = until(rollouts, place, lambda r: r.finished and r.version == "1.4.3")
    assert done.actual == 100
    assert conductor("change", "wait", good["id"], "--json").json["state"] == "succeeded"
    assert conductor("delivery", "verdict", place, "--json").json["verdict"] == "done"

    # steady state: the version is marked as stable in Git
    stable = ("delivery", "stable", "intelgraph", "--channel", "dev", "--reason", "all is well", "--as", "requester")
    marked = conductor(*stable, "--wait", "--json").json
    assert marked["state"] == "succeeded", marked
    bench.conductor.releases.refresh()
    commit = bench.conductor.releases.commit("intelgraph", "dev")
    assert "stableTag: 1.4.3" in (bench.conductor.values_edits.repository.read(commit, WAVES_FILE).decode())
    steps = conductor("delivery", "waves", "intelgraph", "--channel", "dev", "--json").json["steps"]
    assert [s["wave"] for s in steps] == ["canary", "canary", "canary", "baseline", "full"]
    told = conductor("delivery", "timeline", place, "--json").json["moments"]
    assert {m["source"] for m in told} >= {"rollout", "analysis", "change"}
    assert any("promote" in m["what"].lower() and m["who"] == "requester" for m in told)

    # the set that passed here becomes that of the next channel, in one commit
    promote = ("release", "promote-set", "--from", "dev", "--to", "next", "--skip", "ui")
    told = {s["service"]: s for s in conductor(*promote, "--preview", "--json").json["services"]}
    assert (told["api"]["to"], told["api"]["from"], told["api"]["skipped"]) == ("1.4.0", "1.4.3", "")
    assert told["ui"]["skipped"] == "left out by request"
    moved = conductor(*promote, "--reason", "soaked", "--as", "requester", "--wait", "--json").json
    assert moved["state"] == "succeeded", moved
    bench.conductor.releases.refresh()
    text = bench.conductor.values_edits.repository.read(
        bench.conductor.releases.commit("intelgraph", "next"), NEXT_FILE
    )
    assert b"image: {tag: 1.4.3}  # what the next channel has" in text

    # a UI of long ago would break against this API: refused, with the set that works
    only = ("release", "rollback", "intelgraph", "--channel", "dev", "--only", "ui", "--reason", "old look", "--json")
    refused = conductor(*only, "--to-version", "1.9.0", "--as", "requester", code=3).error
    assert "needs api >=1.0.0, <1.4.0, and it is 1.4.3" in refused["why"]
    assert "ui 1.9.0, api 1.3.9" in refused["next"]

    # nothing is in progress: an abort is denied before anything is sent, and stable is not touched
    before = until(rollouts, place, lambda r: r.finished)
    denied = act(conductor, "abort", place, code=3)
    assert denied["state"] == "denied"
    assert rollouts.get(*place.split("/")).resource_version == before.resource_version

    # a bad version: the analysis finds it, the verdict says which threshold and by how much
    bad = conductor(*start, "--set", "image.tag=1.4.4-bad").json
    until(rollouts, place, lambda r: bool(r.pauses) and r.version == "1.4.4-bad")
    assert act(conductor, "promote", place)["state"] == "succeeded"
    until(rollouts, place, lambda r: r.aborted)
    until(rollouts, place, lambda r: r.actual == 0 and r.available == 5)
    failed = conductor("delivery", "verdict", place, "--json", code=1).json
    assert failed["verdict"] == "failed"
    assert "success-rate must be >= 0.99 and was 0." in failed["summary"]
    assert "missed by 0." in failed["summary"]
    assert conductor("change", "wait", bad["id"], "--json", code=1).json["state"] == "failed"
    # the way back is filled in, and what was measured is in the record whatever the cluster forgets
    way = bench.conductor.desk.ways_back.of(*bench.conductor.delivery.verdict(*place.split("/")))
    assert (way.release, way.channel, way.to_version) == ("intelgraph", "dev", "1.4.3")
    assert "success-rate must be >= 0.99" in way.reason
    kept = recorded(bench, place, "conductor.metric.measured.v1", lambda d: bool(d["missed_by"]))
    assert (kept["release"], kept["threshold"], kept["phase"]) == ("intelgraph", "0.99", "failed")
    recorded(bench, place, "conductor.rollout.stepped.v1", lambda d: d["phase"] == "aborted" and d["weight"] == 0)

    # helm rollback at once: filled in, done before anybody has approved, and the record says so loudly
    urgent = ("delivery", "rollback", place, "--emergency", "--wait", "--json")
    conductor(*urgent, "--as", "requester", code=4)
    back = conductor(*urgent, "--as", "captain").json
    assert (back["state"], back["runbook"]) == ("succeeded", "emergency_rollback"), back
    assert back["reason"] == way.reason
    assert until(rollouts, place, lambda r: r.finished).version == "1.4.3"
    assert [q.version for q in bench.conductor.quarantines.active("intelgraph")] == ["1.4.4-bad"]
    assert bench.conductor.changes.get(back["id"]).notebook
    assert conductor("change", "show", back["id"], "--json").json["emergency"]["standing"] == "not reviewed yet"
    conductor("delivery", "review", back["id"], "--reason", "it was down", "--as", "approver", "--json")
    assert conductor("change", "show", back["id"], "--json").json["emergency"]["standing"] == "approved afterwards"

    # an emergency waits for no deploy that only waits itself, whatever becomes of the worker in between
    held = conductor(*start, "--set", "image.tag=1.4.5").json
    until(rollouts, place, lambda r: bool(r.pauses) and r.version == "1.4.5")
    bench.kill()
    again = conductor("delivery", "rollback", place, "--emergency", "--as", "captain", "--json").json
    bench.start()
    assert conductor("change", "wait", again["id"], "--json").json["state"] == "succeeded"
    gave_way = conductor("change", "wait", held["id"], "--json", code=1).json
    assert gave_way["outcome"]["what"] == f"It gave way to the emergency {again['id']}."
    both = [bench.conductor.operations.of(change["id"]) for change in (held, again)]
    acts = [next(op for op in rows if op.kind.startswith("helm_")) for rows in both]
    assert [(op.kind, op.state.value, op.dispatches) for op in acts] == [
        ("helm_upgrade", "succeeded", 1),
        ("helm_rollback", "succeeded", 1),
    ]
    assert acts[0].finished_at is not None
    assert acts[0].finished_at < acts[1].started_at  # never two writers at once
    assert until(rollouts, place, lambda r: r.finished).version == "1.4.3"


def put(bench: Workbench, namespace: str, name: str, tag: str) -> None:
    """Apply a Rollout of its own, as somebody with kubectl would."""
    cluster = KubernetesCluster(bench.plane.kubeconfig, bench.plane.context)
    cluster.apply(manifest(namespace, name=name, tag=tag), dry_run=False, field_manager="kubectl")


def test_rollouts_in_lockstep_over_clusters_are_aborted_with_one_record(
    bench: Workbench, conductor: Callable[..., Answer], rollouts: ArgoRollouts
) -> None:
    namespaces = bench.namespaces[:3]
    for tag in ("1.0.0", "2.0.0"):
        for namespace in namespaces:
            put(bench, namespace, "lock", tag)
        for namespace in namespaces:
            ready = (lambda r: r.finished) if tag == "1.0.0" else (lambda r: bool(r.pauses) and r.updated == 1)
            until(rollouts, f"{namespace}/lock", ready)
    fleets = conductor("delivery", "list", "--json").json["fleets"]
    name = "lock 2.0.0"  # by name and version
    (mine,) = [f for f in fleets if f["name"] == name]
    assert [(m["cluster"], m["moving"]) for m in mine["members"]] == [("", True)] * 3 + [("east", True)] * 3
    assert mine["silent"] == ["west"]
    tail = ("--reason", "errors everywhere", "--as", "requester", "--json")
    waiting = conductor("delivery", "fleet-abort", name, *tail).json
    conductor("change", "wait", waiting["id"], "--json", code=3)
    conductor("change", "approve", waiting["id"], "--as", "approver", "--reason", "seen it too", "--json")
    # `east` is the same plane under another context, so each of the three is a member twice; `west` doesn't answer: it
    # is named, and keeps nobody from being aborted and read back
    ended = conductor("change", "wait", waiting["id"], "--json", code=1).json
    assert ended["outcome"]["what"] == "6 of 7 are back on their stable version; 1 could not be brought there."
    assert ended["outcome"]["why"].startswith("west: not reached.")
    back = operation(bench, ended)["read_back"]
    places = [f"{namespace}/lock" for namespace in namespaces]
    assert set(back) == {*places, *(f"east/{place}" for place in places), "west"}
    for place in places:
        for row in (back[place], back[f"east/{place}"]):
            assert (row["happened"], row["reached"]) == (True, True)
        now = rollouts.get(*place.split("/"))
        assert (now.aborted, now.actual, now.available) == (True, 0, 5)


def test_a_rollout_of_a_further_cluster_is_read_and_its_fleet_aborted_in_an_emergency(
    bench: Workbench, conductor: Callable[..., Answer], rollouts: ArgoRollouts
) -> None:
    namespaces = bench.namespaces[:2]
    for namespace in namespaces:
        put(bench, namespace, "lock", "3.0.0")  # the one of the lockstep test goes on to its next version
    for namespace in namespaces:
        until(rollouts, f"{namespace}/lock", lambda r: r.version == "3.0.0" and bool(r.pauses) and r.updated == 1)
    place = f"east/{namespaces[0]}/lock"
    told = conductor("delivery", "list", "--json").json
    mine = [r for r in told["rollouts"] if (r["namespace"], r["name"]) == (namespaces[0], "lock")]
    assert [(r["cluster"], r["version"]) for r in mine] == [("", "3.0.0"), ("east", "3.0.0")]
    shown = conductor("delivery", "show", place, "--json").json
    assert {s["role"] for s in shown["replica_sets"] if s["wanted"]} == {"stable", "canary"}
    assert len(shown["pods"]) == 5
    unknown = [f["topic"] for f in shown["verdict"]["findings"] if f["standing"] == "unknown"]
    assert unknown == ["SLO", "statistics", "policy", "scan", "signature", "calendar", "approvals"]
    assert conductor("delivery", "verdict", place, "--json", code=3).json["causes"] == ["waits for a person"]
    conductor("delivery", "show", f"west/{namespaces[0]}/lock", "--json", code=5)
    conductor("delivery", "promote", place, "--reason", "x", "--as", "requester", "--json", code=2)
    emergency = ("delivery", "fleet-abort", "lock 3.0.0", "--emergency", "--reason", "errors", "--wait", "--json")
    conductor(*emergency, "--as", "requester", code=4)
    change = conductor(*emergency, "--as", "captain", code=1).json  # failed, for `west` does not answer
    assert change["title"].startswith("EMERGENCY")
    assert change["outcome"]["what"] == "4 of 5 are back on their stable version; 1 could not be brought there."
    back = operation(bench, change)["read_back"]
    both = [f"{cluster}{namespace}/lock" for cluster in ("", "east/") for namespace in namespaces]
    assert {key: row["reached"] for key, row in back.items()} == {**dict.fromkeys(both, True), "west": False}
    for namespace in namespaces:
        now = rollouts.get(namespace, "lock")
        assert (now.aborted, now.actual, now.available) == (True, 0, 5)
    assert change["id"] in {e.change.id for e in bench.conductor.emergencies.waiting()}
    conductor("delivery", "review", change["id"], "--reason", "errors were real", "--as", "approver", "--json")
    there = bench.conductor.delivery.detail(namespaces[0], "lock", "east").rollout
    assert change["id"] in {c.id for c in bench.conductor.delivery.changes_of(there)}


def test_an_emergency_acts_at_once_and_is_reviewed_afterwards(
    bench: Workbench, conductor: Callable[..., Answer], rollouts: ArgoRollouts
) -> None:
    namespace = bench.namespaces[1]  # staging: an ordinary abort would wait for somebody
    place = f"{namespace}/urgent"
    for tag, ready in (("1.0.0", lambda r: r.finished), ("2.0.0", lambda r: bool(r.pauses) and r.updated == 1)):
        put(bench, namespace, "urgent", tag)
        until(rollouts, place, ready)
    plain = conductor("delivery", "abort", place, "--reason", "errors", "--as", "requester", "--json").json
    assert conductor("change", "wait", plain["id"], "--json", code=3).json["state"] == "awaiting_approval"
    emergency = ("delivery", "abort", place, "--emergency", "--reason", "errors", "--wait", "--json")
    conductor(*emergency, "--as", "requester", code=4)
    change = conductor(*emergency, "--as", "captain").json
    assert change["state"] == "succeeded"
    assert change["title"].startswith("EMERGENCY")
    assert until(rollouts, place, lambda r: r.aborted).actual == 0
    assert change["id"] in {e.change.id for e in bench.conductor.emergencies.waiting()}
    conductor("delivery", "review", change["id"], "--reason", "mine", "--as", "captain", "--json", code=4)
    said = conductor("delivery", "review", change["id"], "--reason", "errors were real", "--as", "approver", "--json")
    assert said.json["justified"] is True
    facts = [row.event.type for row in bench.conductor.changes.events(change["id"])]
    assert "conductor.emergency.declared.v1" in facts
    assert change["id"] not in {e.change.id for e in bench.conductor.emergencies.waiting()}


SHOP = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {0}, namespace: argocd}}
spec:
  project: default
  source: {{repoURL: "file://{1}", path: helm/shop, targetRevision: prod, helm: {{releaseName: shop}}}}
  destination: {{server: "https://kubernetes.default.svc", namespace: {0}}}
  syncPolicy: {{automated: {{selfHeal: true, prune: true}}}}
"""


def shop_chart(tag: str) -> dict[str, str]:
    """A chart of one Rollout, whose waves wait for a person at 20 %."""
    wanted = manifest("{{ .Release.Namespace }}", name="shop", tag="{{ .Values.image.tag }}")
    return {
        "helm/shop/Chart.yaml": f"apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: {tag}\n",
        "helm/shop/values.yaml": f"image: {{tag: {tag}}}\n",
        "helm/shop/templates/rollout.yaml": yaml.safe_dump(wanted, width=1000),
    }


def test_an_emergency_reverts_git_where_argo_cd_owns_the_release(
    bench: Workbench, conductor: Callable[..., Answer], rollouts: ArgoRollouts, plane: Endpoints
) -> None:
    """Nothing done in the cluster would last there: Argo CD heals it. Git goes back, before anybody has approved."""
    namespace = bench.namespaces[3]
    place = f"{namespace}/shop"
    bench.push("prod", shop_chart("1.0.0"), "shop 1.0.0")
    run_kubectl(plane, "apply", "-f", "-", text=SHOP.format(namespace, bench.repo))
    argocd = HttpxArgoCd(plane.argocd_url, plane.argocd_token())

    def looked(said: Callable[[Rollout], bool]) -> Rollout:
        argocd.application(namespace, refresh=True)  # rather than within three minutes
        return until(rollouts, place, said)

    try:
        assert looked(lambda r: r.finished).version == "1.0.0"
        bench.push("prod", shop_chart("2.0.0"), "shop 2.0.0")
        assert looked(lambda r: bool(r.pauses) and r.updated == 1).version == "2.0.0"
        urgent = ("delivery", "rollback", place, "--emergency", "--reason", "errors", "--wait", "--json")
        conductor(*urgent, "--as", "requester", code=4)
        change = conductor(*urgent, "--as", "captain").json
        assert (change["state"], change["runbook"]) == ("succeeded", "emergency_revert"), change
        assert change["approvals"] == {"given": 0, "required": 0, "by": []}
        now = until(rollouts, place, lambda r: r.finished)
        assert (now.version, now.available) == ("1.0.0", 5)
        assert bench.show("prod", "helm/shop/values.yaml") == "image: {tag: 1.0.0}\n"
        told = argocd.application(namespace, refresh=True)
        assert (told.automated, told.sync) == (True, "Synced")
        assert [q.version for q in bench.conductor.quarantines.active("shop")] == ["2.0.0"]
        conductor("delivery", "review", change["id"], "--reason", "it was down", "--as", "approver", "--json")
        shown = conductor("change", "show", change["id"], "--json").json
        assert shown["emergency"]["standing"] == "approved afterwards"
    finally:
        argocd.close()
        run_kubectl(plane, "delete", "application", namespace, "-n", "argocd", "--wait=false")


SET = """# first a, then b
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: {0}, namespace: argocd}}
spec:
  goTemplate: true
  generators: [{{list: {{elements: [{{env: a}}, {{env: b}}]}}}}]
  template:
    metadata: {{name: "{0}-{{{{.env}}}}", labels: {{env: "{{{{.env}}}}"}}}}
    spec:
      project: default
      source:
        repoURL: "file://{1}"
        path: helm/tiny
        targetRevision: dev
        helm: {{releaseName: "{{{{.env}}}}"}}
      destination: {{server: "https://kubernetes.default.svc", namespace: {0}}}
"""
TINY = {
    "helm/tiny/Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 1.0.0\n",
    "helm/tiny/templates/web.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: "tiny-{{ .Release.Name }}"}
spec:
  selector: {matchLabels: {app: "tiny-{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "tiny-{{ .Release.Name }}"}}
    spec: {containers: [{name: web, image: "registry.test/tiny:1.0.0"}]}
""",
}


def test_a_pipeline_gets_its_waves_by_git_and_argo_cd_walks_them(
    bench: Workbench, conductor: Callable[..., Answer], plane: Endpoints
) -> None:
    name = bench.namespaces[2]  # a namespace of tier dev
    file = f"infra/argocd/{name}.yaml"
    text = SET.format(name, bench.repo)
    bench.push("dev", {file: text, **TINY}, "A pipeline of two")
    run_kubectl(plane, "apply", "-f", "-", text=text)
    argocd = HttpxArgoCd(plane.argocd_url, plane.argocd_token())
    try:
        end = time.monotonic() + 90
        while len([a for a in argocd.applications() if a.pipeline == name]) < 2:
            assert time.monotonic() < end
            time.sleep(0.3)
        select = [{"key": "env", "operator": "In", "values": ["a"]}]
        wanted = bench.files / "steps.json"
        wanted.write_text(
            json.dumps([{"matchExpressions": select}, {"matchExpressions": [{**select[0], "values": ["b"]}]}])
        )
        ask = ("delivery", "pipeline-waves", name, "--branch", "dev", "--set", str(wanted))
        told = conductor(*ask, "--preview", "--json").json
        assert [s["takes"] for s in told["steps"]] == [[f"{name}-a"], [f"{name}-b"]]
        assert "+  strategy:" in told["diff"]
        change = conductor(*ask, "--reason", "a is the canary", "--as", "requester", "--wait", "--json").json
        assert change["state"] == "succeeded", change
        declared = bench.show("dev", file)
        assert declared.startswith("# first a, then b")
        assert "type: RollingSync" in declared
        assert change["id"] in bench.newest("dev")[0]
        end = time.monotonic() + 120
        # nobody asks for a sync: the controller syncs a, and b when a is healthy
        while {a.sync for a in argocd.applications() if a.pipeline == name} != {"Synced"}:
            assert time.monotonic() < end, [(a.name, a.sync, a.health, a.conditions) for a in argocd.applications()]
            time.sleep(0.3)
        done = {a.name: a.history[-1].finished for a in map(argocd.application, (f"{name}-a", f"{name}-b"))}
        first, second = done[f"{name}-a"], done[f"{name}-b"]
        assert first is not None
        assert second is not None
        assert first <= second
    finally:
        argocd.close()
        run_kubectl(plane, "delete", "applicationset", name, "-n", "argocd", "--wait=false")
