"""Our charts and manifests: lint, rendering, what guides and simulator rely on, and a real installation."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from conductor_core import settings
from conductor_core.domain import channels
from conductor_core.domain.rollouts import parse
from conductor_core.localplane import plane
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.policy import program
from tests.house.charts import HELM, KUBE_VERSION, OVERLAYS, Overlay, helm
from tests.real.conftest import test_home

Kubectl = Callable[..., str]
INTELGRAPH = [overlay for overlay in OVERLAYS if overlay.chart == "intelgraph"]


def by_name(overlay: Overlay) -> str:
    return overlay.name


def pods(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kinds = {"Deployment", "Job", "Rollout"}
    return [m["spec"]["template"] for m in manifests if m["kind"] in kinds]


def one(manifests: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    return found


@pytest.mark.parametrize("overlay", OVERLAYS, ids=by_name)
def test_lint_is_clean(overlay: Overlay) -> None:
    done = helm("lint", "--strict", str(HELM / overlay.chart), *overlay.flags)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout + done.stderr
    assert "[ERROR]" not in done.stdout + done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS, ids=by_name)
def test_every_pod_says_what_it_belongs_to(overlay: Overlay) -> None:
    part = {"intelgraph": "intelgraph", "conductor": "maestro-conductor"}[overlay.chart]
    found = pods(overlay.manifests())
    assert found
    for pod in found:
        assert pod["metadata"]["labels"]["app.kubernetes.io/part-of"] == part
        assert pod["metadata"]["labels"]["app.kubernetes.io/component"]


@pytest.mark.parametrize("overlay", OVERLAYS, ids=by_name)
def test_every_object_names_its_namespace(overlay: Overlay) -> None:
    assert {m["metadata"].get("namespace") for m in overlay.manifests("elsewhere")} == {"elsewhere"}


@pytest.mark.parametrize("chart", ["intelgraph", "conductor"])
def test_tag_app_version_and_label_are_one_version(chart: str) -> None:
    overlay = next(o for o in OVERLAYS if o.chart == chart)
    said = yaml.safe_load((HELM / chart / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    kind, name = {"intelgraph": ("Rollout", "intelgraph"), "conductor": ("Deployment", "maestro-api")}[chart]
    pod = one(overlay.manifests(), kind, name)["spec"]["template"]
    image = pod["spec"]["containers"][0]["image"]
    assert {said, overlay.values()["image"]["tag"], pod["metadata"]["labels"]["version"], image.split(":")[1]} == {said}


@pytest.mark.parametrize("overlay", INTELGRAPH, ids=by_name)
def test_canary_steps_are_those_of_the_values(overlay: Overlay) -> None:
    wanted = overlay.values()["rollout"]
    rollout = one(overlay.manifests(), "Rollout", "intelgraph")
    strategy = rollout["spec"]["strategy"]["canary"]
    assert [s.wave for s in parse(rollout).steps] == [s["wave"] for s in wanted["steps"]]
    names = {"weight": "setWeight", "pause": "pause", "analysis": "analysis", "experiment": "experiment"}
    kinds = [names[key] for step in wanted["steps"] for key in step if key != "wave"]
    assert [key for step in strategy["steps"] for key in step] == kinds
    assert [s["setWeight"] for s in strategy["steps"] if "setWeight" in s] == [
        s["weight"] for s in wanted["steps"] if "weight" in s
    ]
    assert (strategy["stableService"], strategy["canaryService"]) == ("intelgraph-api", "intelgraph-api-canary")


def test_steps_that_measure_vanish_with_the_analysis() -> None:
    done = helm(
        "template",
        "x",
        str(HELM / "intelgraph"),
        "--kube-version",
        KUBE_VERSION,
        "--set",
        "rollout.analysis.enabled=false",
    )
    manifests = [m for m in yaml.safe_load_all(done.stdout) if m]
    rollout = one(manifests, "Rollout", "x")
    steps = rollout["spec"]["strategy"]["canary"]["steps"]
    assert [key for step in steps for key in step] == ["setWeight", "pause", "setWeight", "setWeight"]
    assert [s.wave for s in parse(rollout).steps] == ["canary", "canary", "full", "full"]
    assert "AnalysisTemplate" not in {m["kind"] for m in manifests}


@pytest.mark.parametrize("name", ["success-rate", "latency-p95"])
def test_analysis_asks_for_the_new_version_only(name: str) -> None:
    overlay = next(o for o in INTELGRAPH if o.values()["rollout"]["analysis"]["enabled"])
    template = one(overlay.manifests("ig-ns"), "AnalysisTemplate", f"intelgraph-{name}")
    [metric] = template["spec"]["metrics"]
    query = metric["provider"]["prometheus"]["query"]
    for label in ('namespace="ig-ns"', 'service="api"', 'rollouts_pod_template_hash="{{args.pod-template-hash}}"'):
        assert label in query
    assert "isNaN" in metric["successCondition"]
    assert "isNaN" in metric["failureCondition"]
    assert metric["inconclusiveLimit"] < metric["count"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--set", "image.tga=1"], "tga"),
        (["--set", "replicaCount=two"], "replicaCount"),
        (["--set", "image.tag="], "tag"),
        (["--set-json", 'rollout.steps=[{"wave":"canary","weight":5,"pause":{}}]'], "steps/0"),
        (["--set-json", 'rollout.steps=[{"weight":5}]'], "wave"),
        (["--set-json", 'rollout.steps=[{"wave":"full","weight":101}]'], "weight"),
        (["--set", "rollout.analysis.inconclusiveLimit=3"], "measured nothing would succeed"),
        (["--set", "rollout.analysis.prometheus.address=file:///etc"], "address"),
    ],
)
def test_values_that_make_no_sense_are_refused(flags: list[str], words: str) -> None:
    done = helm("template", "x", str(HELM / "intelgraph"), "--kube-version", KUBE_VERSION, *flags)
    assert done.returncode != 0
    assert words in done.stderr


def test_optional_parts_render() -> None:
    flags = ["--set", "autoscaling.enabled=true,ui.enabled=false,podAnnotations.a=b,imagePullSecrets[0].name=pull"]
    more = ["--set", "rollout.stableTag=1.4.1,nodeSelector.disk=fast,image.digest=sha256:" + "a" * 64]
    json_flags = ["--set-json", 'tolerations=[{"key":"a","operator":"Exists"}]']
    done = helm("template", "x", str(HELM / "intelgraph"), "--kube-version", KUBE_VERSION, *flags, *more, *json_flags)
    assert done.returncode == 0, done.stderr
    manifests = [m for m in yaml.safe_load_all(done.stdout) if m]
    rollout = one(manifests, "Rollout", "x")
    assert "replicas" not in rollout["spec"]
    assert rollout["metadata"]["annotations"]["conductor.summit.example/stable-tag"] == "1.4.1"
    assert one(manifests, "HorizontalPodAutoscaler", "x")["spec"]["scaleTargetRef"]["kind"] == "Rollout"
    assert "Deployment" not in {m["kind"] for m in manifests}


def test_conductor_has_the_parts_that_the_guide_names() -> None:
    overlay = next(o for o in OVERLAYS if o.chart == "conductor" and o.files)
    manifests = overlay.manifests()
    deployments = {m["metadata"]["name"] for m in manifests if m["kind"] == "Deployment"}
    assert deployments == {"maestro-ui", "maestro-api", "maestro-worker", "policy-engine"}
    hook = one(manifests, "Job", "conductor-observability")
    assert hook["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"


def test_channels_match_schema_domain_and_files() -> None:
    document = yaml.safe_load((PROJECT_ROOT / "channels.yaml").read_text(encoding="utf-8"))
    schema = json.loads((PROJECT_ROOT / "data/schemas/channels.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    catalogue = channels.parse(document, "channels.yaml")
    assert catalogue.problems == ()
    assert [c.name for c in catalogue.release("intelgraph").channels] == ["dev", "staging", "prod"]
    for release in catalogue.releases:
        assert (PROJECT_ROOT / release.chart / "Chart.yaml").is_file()
        for channel in release.channels:
            assert all((PROJECT_ROOT / path).is_file() for path in channel.values)
            assert (PROJECT_ROOT / "infra/k8s/namespaces" / f"{channel.namespace}.yaml").is_file()


@pytest.mark.parametrize("path", ["/etc/passwd", "../values.yaml", "helm/../../x", "helm/./x", ""])
def test_the_channels_schema_refuses_paths_that_lead_out(path: str) -> None:
    schema = json.loads((PROJECT_ROOT / "data/schemas/channels.schema.json").read_text(encoding="utf-8"))
    channel = {"branch": "dev", "namespace": "a", "values": [path], "tier": "dev"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"releases": {"a": {"chart": "helm/a", "channels": {"dev": channel}}}}, schema)


def test_helmfile_installs_both_products_everywhere() -> None:
    first, second = yaml.safe_load_all((HELM / "helmfile.yaml").read_text(encoding="utf-8"))
    assert set(first["environments"]) == {"dev", "staging", "prod"}
    assert {release["name"] for release in second["releases"]} == {"conductor", "intelgraph"}
    for name, environment in first["environments"].items():
        [values] = environment["values"]
        assert (HELM / "intelgraph" / f"values-{name}.yaml").is_file()
        assert (HELM / "intelgraph" / values["top"]).is_file()


def test_compatibility_covers_what_the_charts_install() -> None:
    declared = yaml.safe_load((PROJECT_ROOT / "data/compatibility.yaml").read_text(encoding="utf-8"))
    assert set(declared["components"]) == {"api", "ui", "conductor"}
    for where in declared["components"].values():
        value: Any = next(o for o in OVERLAYS if o.chart == where["release"]).values()
        for step in where["value"].split("."):
            value = value[step]
        assert value
    for entry in declared["requires"]:
        assert {entry["component"], *entry["needs"]} <= set(declared["components"])
        assert entry["because"]


@pytest.fixture(scope="module")
def ends() -> Endpoints:
    home = test_home()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return plane.up(settings.Settings(home=home)).endpoints


@pytest.fixture(scope="module")
def kubectl(ends: Endpoints) -> Kubectl:
    def run(*argv: str, text: str | None = None, fail: bool = True) -> str:
        command = [str(program("kubectl")), f"--kubeconfig={ends.kubeconfig}", f"--context={ends.context}", *argv]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0 or not fail, done.stderr
        return done.stdout + (done.stderr if not fail else "")

    return run


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    name = f"charts-{uuid.uuid4().hex[:8]}"
    manifest = yaml.safe_load((PROJECT_ROOT / "infra/k8s/namespaces/intelgraph-dev.yaml").read_text(encoding="utf-8"))
    manifest["metadata"]["name"] = name
    kubectl("apply", "-f", "-", text=json.dumps(manifest))
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.real
def test_infra_manifests_are_accepted_by_a_server(kubectl: Kubectl) -> None:
    for folder in ("namespaces", "addons"):
        kubectl("apply", "--dry-run=server", "--filename", str(PROJECT_ROOT / "infra/k8s" / folder))


@pytest.mark.real
@pytest.mark.parametrize("overlay", OVERLAYS, ids=by_name)
def test_a_server_accepts_every_object_and_warns_of_nothing(overlay: Overlay, kubectl: Kubectl, namespace: str) -> None:
    for manifest in overlay.manifests(namespace):
        said = kubectl("apply", "--dry-run=server", "-f", "-", text=json.dumps(manifest), fail=False)
        assert said.endswith("(server dry run)\n"), said
        assert "Warning" not in said


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("overlay", INTELGRAPH, ids=by_name)
def test_an_installation_becomes_healthy(overlay: Overlay, kubectl: Kubectl, namespace: str, ends: Endpoints) -> None:
    where = ["--kubeconfig", str(ends.kubeconfig), "--kube-context", ends.context, "--namespace", namespace]
    done = helm(
        "upgrade", "--install", "intelgraph", str(HELM / "intelgraph"), *where, *overlay.flags, "--timeout", "90s"
    )
    assert done.returncode == 0, done.stderr
    ask = ["get", "rollout", "intelgraph", "-n", namespace, "-o", "jsonpath={.status.phase}"]
    deadline = time.monotonic() + 60
    while (phase := kubectl(*ask)) != "Healthy" and time.monotonic() < deadline:
        time.sleep(1)
    assert phase == "Healthy"
    pods_ = json.loads(
        kubectl("get", "pods", "-n", namespace, "-l", "app.kubernetes.io/part-of=intelgraph", "-o", "json")
    )
    running = [pod for pod in pods_["items"] if pod["status"]["phase"] == "Running"]
    values = overlay.values()
    assert len(running) == values["replicaCount"] + values["ui"]["replicaCount"]
