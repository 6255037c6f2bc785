"""The command line, in the exact forms that scripts use, on the shipped charts and the real control plane."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT
from tests.crash.workbench import Answer, Workbench, eventually, fresh_names, opened

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]  # on a machine that does much else

CHANNELS = """releases:
  intelgraph:
    chart: helm/intelgraph
    channels:
      dev: {{branch: dev, namespace: {0}, values: [helm/intelgraph/values-dev.yaml], tier: dev}}
      staging: {{branch: staging, namespace: {1}, values: [helm/intelgraph/values-staging.yaml], tier: staging}}
"""
# The first measurement comes sooner than in the chart, so that a bad version is found out within the test's time.
SOON = ("--set", "rollout.analysis.initialDelay=6s", "--set", "rollout.analysis.interval=5s")


UI_BUILD = "import os; print('built the UI', os.environ['UI_VERSION'], 'at', os.environ['UI_COMMIT'])"


def source_of_the_ui(folder: Path) -> str:
    """A repository with the UI of the chart's version; gives its path."""
    (folder / "build.py").write_text(UI_BUILD)
    version = yaml.safe_load((PROJECT_ROOT / "helm/intelgraph/values.yaml").read_text())["ui"]["image"]["tag"]
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.test")
    for act in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "UI"), ("tag", f"v{version}")):
        subprocess.run(["git", "-C", str(folder), *act], check=True)
    return str(folder)


@pytest.fixture(scope="module")
def bench(plane: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench on the project's own charts, with a worker at work."""
    settings = {
        "CONDUCTOR_ARGOCD_URL": plane.argocd_url,
        "CONDUCTOR_ARGOCD_TOKEN": plane.argocd_token(),
        "CONDUCTOR_PROMETHEUS_URL": plane.prometheus_url,
        "CONDUCTOR_INTELGRAPH_URL": plane.simulator_url + "/svc/{namespace}/{release}-api",
        "CONDUCTOR_INTELGRAPH_UI_URL": plane.simulator_url + "/svc/{namespace}/{release}-ui/",
        "CONDUCTOR_CDN_PURGE": "PURGE",
        "CONDUCTOR_UI_REPO": source_of_the_ui(tmp_path_factory.mktemp("ui")),
        "CONDUCTOR_UI_BUILD": f"{sys.executable} build.py",
    }
    namespaces = fresh_names("dev", "staging")
    with opened(plane, namespaces, settings) as bench:
        for name in ("helm", "policies"):
            shutil.copytree(PROJECT_ROOT / name, bench.files / name)
        bench.commit({"channels.yaml": CHANNELS.format(*namespaces)})
        bench.start()
        yield bench


@pytest.fixture
def conductor(bench: Workbench) -> Callable[..., Answer]:
    """Runs a command and compares its exit code."""

    def run(*argv: str, code: int = 0) -> Answer:
        answer = bench.cli(*argv)
        assert answer.code == code, (argv, answer)
        return answer

    return run


def failed_checks(change: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["detail"] for check in change["checks"] if not check["passed"]}


def stale_files_of_the_ui_are_found_purged_and_built(conductor: Callable[..., Answer], deploy: tuple[str, ...]) -> None:
    """A UI whose (simulated) cache lacks its files fails the deploy; a purge brings them, a build runs."""
    stale = conductor(*deploy, "--set", "ui.image.tag=1.4.3-stale", "--wait", "--json", code=1).json
    assert "2 of 2 files are missing" in next(c["detail"] for c in stale["checks"] if c["name"] == "assets")
    where = ("intelgraph", "--channel", "dev")
    assert conductor("release", "assets", *where, "--json", code=1).json["missing"] == 2
    purge = ("release", "purge-assets", *where, "--reason", "404s", "--as", "requester", "--wait", "--json")
    assert conductor(*purge).json["state"] == "succeeded"
    assert conductor("release", "assets", *where, "--json").json["missing"] == 0
    again = ("release", "rebuild-assets", *where, "--reason", "never uploaded", "--as", "requester", "--wait", "--json")
    built = conductor(*again)
    assert (built.json["state"], "built the UI 2.3.0 at" in built.stderr) == ("succeeded", True), built


def test_dev_needs_nobody_else(bench: Workbench, conductor: Callable[..., Answer]) -> None:
    looks: list[Answer] = []

    def healthy() -> bool:
        looks.append(bench.cli("status", "--json"))
        return looks[-1].code == 0

    eventually(healthy, 30, lambda: looks[-1].stdout)
    assert looks[-1].json["healthy"]

    compare = ("release", "diff", "intelgraph", "--from", "live:dev", "--to", "channel:dev", "--json")
    differing = conductor(*compare, code=1).json
    assert {r["standing"] for r in differing["resources"]} == {"added"}
    deploy = ("release", "deploy", "intelgraph", "--channel", "dev", "--reason", "first", "--as", "requester")
    answer = conductor(*deploy, "--wait", "--json")
    change = answer.json
    assert (change["state"], change["tier"], change["approvals"]["required"]) == ("succeeded", "dev", 0)
    assert change["id"].startswith("chg-")
    assert [c["name"] for c in change["checks"]] == ["workloads", "pods", "api", "smoke", "assets"]
    assert "answers 200" in change["checks"][2]["detail"]
    assert "intelgraph-api passed" in change["checks"][3]["detail"]
    assert change["checks"][4]["detail"].startswith("2 files of ")
    smoke = ("smoke", "intelgraph-api", "--channel", "dev", "--as", "requester", "--duration", "1", "--json")
    green = conductor(*smoke).json
    assert green["passed"]
    assert {c["name"] for c in green["checks"]} == {"health", "graphql-health", "graphql-entities"}
    assert not conductor("smoke", "intelgraph-api", "--channel", "staging", "--as", "requester", "--json", code=1).json[
        "passed"
    ]  # nothing is installed there yet
    runs = conductor("smoke", "--history", "--json").json["runs"]
    assert [(r["channel"], r["passed"]) for r in runs] == [("staging", False), ("dev", True), ("dev", True)]
    assert runs[2]["change"] == change["id"]
    assert "helm_upgrade" in answer.stderr  # what happened was told on the way

    assert {r["standing"] for r in conductor(*compare).json["resources"]} == {"unchanged"}
    wrong = conductor("release", "diff", "intelgraph", "--from", "live:dev", "--to", "channel:moon", "--json", code=2)
    assert "moon" in wrong.error["what"]
    rows = conductor("release", "list", "--json").json["releases"]
    (dev,) = [r for r in rows if r["release"] == "intelgraph" and r["channel"] == "dev"]
    assert (dev["revision"], dev["health"], dev["in_step"]) == (1, "healthy", True)

    assert {"deploy_release", "rollback_release", "validate_release"} <= {
        runbook["name"] for runbook in conductor("runbook", "list", "--json").json["runbooks"]
    }
    stale_files_of_the_ui_are_found_purged_and_built(conductor, deploy)
    held = conductor("audit", "ask", "roles_held", "--json").json
    assert ["local|requester", "operator, viewer"] in [[row[0], row[2]] for row in held["rows"]], held
    told = "SELECT data ->> '$.settings.CONDUCTOR_ARGOCD_TOKEN' FROM events WHERE subject = 'settings/worker'"
    assert conductor("audit", "sql", told, "--json").json["rows"][0][0].startswith("hmac-sha256:")
    shown = conductor("runbook", "show", "validate_release", "--json").json
    assert [p["name"] for p in shown["parameters"]] == ["release", "channel"]
    where = ("-p", "release=intelgraph", "-p", "channel=dev")
    run = ("runbook", "run", "validate_release", *where, "--reason", "still well", "--as", "requester")
    valid = conductor(*run, "--wait", "--json").json
    assert (valid["state"], valid["checks"][-1]["name"]) == ("succeeded", "assets")
    assert "none is missing" in valid["checks"][-1]["detail"]


def test_staging_needs_a_second_person_and_a_bad_version_ends_where_it_began(
    bench: Workbench, conductor: Callable[..., Answer]
) -> None:
    deploy = ("release", "deploy", "intelgraph", "--channel", "staging", "--reason", "1.4.2", "--as", "requester")
    waiting = conductor(*deploy, "--wait", "--json", code=3).json
    assert (waiting["state"], waiting["approvals"]) == ("awaiting_approval", {"given": 0, "required": 1, "by": []})
    change_id = waiting["id"]
    refused = conductor("change", "approve", change_id, "--as", "requester", "--json", code=4)
    assert set(refused.error) == {"what", "why", "next"}
    follower = bench.follow("change", "events", change_id, "--follow", "--json")
    conductor("change", "approve", change_id, "--as", "approver", "--reason", "diff read", "--json")
    good = conductor("change", "wait", change_id, "--json").json
    assert (good["state"], good["approvals"]["by"]) == ("succeeded", ["approver"])

    lines = [json.loads(line) for line in follower.communicate(timeout=30)[0].splitlines()]
    facts = [item["event"]["type"].removeprefix("conductor.") for item in lines if item["kind"] == "fact"]
    assert (facts[0], facts[-1], follower.returncode) == ("change.requested.v1", "change.sealed.v1", 0)
    assert facts.index("approval.given.v1") < facts.index("execution.started.v1") < facts.index("change.succeeded.v1")
    assert {"fact", "line", "operation"} == {item["kind"] for item in lines}

    # A version with errors: the canary's analysis finds them, the Rollout is aborted, and the Change says so.
    bad = bench.cli(*deploy, "--set", "image.tag=1.4.3-bad", *SOON, "--json").json["id"]
    conductor("change", "wait", bad, "--json", code=3)
    conductor("change", "approve", bad, "--as", "approver", "--reason", "tests are green", "--json")
    ended = conductor("change", "wait", bad, "--json", code=1).json
    assert ended["state"] == "failed"
    told = failed_checks(ended)["workloads"]
    assert "Rollout/intelgraph" in told
    assert "success-rate" in told
    assert "success-rate" in ended["outcome"]["why"]
    assert all(ended["outcome"].values()), ended["outcome"]

    past = conductor("release", "history", "intelgraph", "--channel", "staging", "--json").json["revisions"]
    assert [(r["revision"], r["version"], r["good"]) for r in past] == [(2, "1.4.3-bad", False), (1, "1.4.2", True)]
    back = ("release", "rollback", "intelgraph", "--channel", "staging", "--last-good", "--as", "requester")
    rollback = conductor(*back, "--reason", "1.4.3 has errors", "--wait", "--json", code=3).json["id"]
    conductor("change", "approve", rollback, "--as", "approver", "--reason", "yes", "--json")
    assert conductor("change", "wait", rollback, "--json").json["state"] == "succeeded"

    # The version is out: its deploy is denied with the act that clears it, until somebody releases it.
    listed = conductor("release", "quarantines", "--json").json["quarantines"]
    assert [(q["version"], q["channel"], q["change"]) for q in listed] == [("1.4.3-bad", "staging", rollback)]
    again = conductor(*deploy, "--set", "image.tag=1.4.3-bad", "--wait", "--json", code=3).json
    assert again["state"] == "denied"
    (gate,) = [v for v in again["verdicts"] if v["gate"] == "quarantine"]
    assert "conductor release unquarantine intelgraph 1.4.3-bad" in gate["reasons"][0]["clears_by"]
    free = ("release", "unquarantine", "intelgraph", "1.4.3-bad", "--as", "requester", "--reason", "to look at it")
    freed = conductor(*free, "--wait", "--json", code=3).json["id"]
    conductor("change", "approve", freed, "--as", "approver", "--reason", "in the lab", "--json")
    assert conductor("change", "wait", freed, "--json").json["state"] == "succeeded"
    assert conductor("release", "quarantines", "--json").json["quarantines"] == []

    listed = conductor("change", "list", "--target", "release/intelgraph@staging", "--json").json["changes"]
    assert [(c["id"], c["state"]) for c in listed] == [
        (again["id"], "denied"), (rollback, "succeeded"), (bad, "failed"), (change_id, "succeeded")
    ]  # fmt: skip
    shown = conductor("change", "show", rollback, "--json").json
    assert "none is missing" in shown["checks"][-1]["detail"], "the files of the UI are looked at after a rollback too"
    assert (shown["reason"], shown["parameters"]["to_revision"]) == ("1.4.3 has errors", 1)
    revisions = conductor("release", "history", "intelgraph", "--channel", "staging", "--json").json["revisions"]
    assert [(r["revision"], r["status"]) for r in revisions] == [
        (3, "deployed"), (2, "superseded"), (1, "superseded")
    ]  # fmt: skip
    assert revisions[0]["description"] == "Rollback to 1"


def test_a_rollback_gives_the_branch_its_content_back(bench: Workbench, conductor: Callable[..., Answer]) -> None:
    """A bad commit, deployed, then rolled back: one commit names the Change, and the branch is in step again."""
    deploy = ("release", "deploy", "intelgraph", "--channel", "dev", "--as", "requester", "--wait", "--json")
    good = conductor(*deploy, "--reason", "as it is").json
    path = "helm/intelgraph/values-dev.yaml"
    text = bench.show("dev", path)
    bench.push("dev", {path: text.replace("LOG_LEVEL: debug", "LOG_LEVEL: trace")}, "louder")
    louder = conductor(*deploy, "--reason", "louder").json
    assert louder["plan_digest"] != good["plan_digest"]
    back = ("release", "rollback", "intelgraph", "--channel", "dev", "--last-good", "--as", "requester")
    done = conductor(*back, "--reason", "too loud", "--wait", "--json").json
    assert done["state"] == "succeeded"
    assert bench.show("dev", path) == text
    subject, body, who = bench.newest("dev")
    assert done["id"] in subject
    assert "too loud" in body
    assert who == "requester"
    rows = conductor("release", "list", "--json").json["releases"]
    (dev,) = [r for r in rows if (r["release"], r["channel"]) == ("intelgraph", "dev")]
    assert dev["in_step"]
    again = conductor(*deploy[:-2], "--set", "config.LOG_LEVEL=trace", "--wait", "--json", "--reason", "again", code=3)
    assert "quarantine" in [v["gate"] for v in again.json["verdicts"] if v["result"] == "deny"]
    conductor(*deploy, "--reason", "what the branch has")


def test_the_worker_stayed_small(bench: Workbench) -> None:
    """After every deploy and rollback above; that a long record doesn't make it larger is tested elsewhere."""
    print(f"worker at its largest: {bench.most_resident / 1e6:.0f} MB")
    assert bench.most_resident < 300_000_000
