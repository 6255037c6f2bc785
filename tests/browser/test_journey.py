"""The first journey, in a real browser on real systems: deploy to staging with a second person, then roll back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from conductor_core.localplane import operations_repo
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT
from tests.browser import record, waves
from tests.browser.record import Run
from tests.browser.screen import ARTIFACTS, PATIENCE, Screen
from tests.browser.serving import free_port
from tests.browser.waves import LONG, approved
from tests.real.conftest import run_kubectl

CONDUCTOR = str(Path(sys.executable).with_name("conductor"))
pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the embedded server's own user can reach: pytest closes its folders to everybody else."""
    with tempfile.TemporaryDirectory(prefix="journey-") as made:
        yield Path(made)


@pytest.fixture
def run(plane: Endpoints, folder: Path, namespace: str) -> Run:
    """The command line of a workbench of this test's own, on the shared control plane."""
    files = folder / "operations"
    for part in ("helm", "policies"):
        shutil.copytree(PROJECT_ROOT / part, files / part)
    (files / "helm/intelgraph/values-staging.yaml").write_text(waves.STAGING, encoding="utf-8")
    channels = (PROJECT_ROOT / "channels.yaml").read_text(encoding="utf-8")
    (files / "channels.yaml").write_text(channels.replace("intelgraph-staging", namespace), encoding="utf-8")
    repository = folder / "operations.git"
    operations_repo.seed(repository, files)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONDUCTOR_")} | {
        "CONDUCTOR_HOME": str(folder / "home"),
        "CONDUCTOR_KUBE_CONTEXT": plane.context,
        "CONDUCTOR_KUBECONFIG": str(plane.kubeconfig),
        "CONDUCTOR_HELM": str(plane.bin / "helm"),
        "CONDUCTOR_OPS_REPO": str(repository),
        "CONDUCTOR_INTELGRAPH_URL": plane.simulator_url + "/svc/{namespace}/{release}-api",
        "CONDUCTOR_PROMETHEUS_URL": plane.prometheus_url,
        "CONDUCTOR_UI_PORT": str(free_port()),
        "CONDUCTOR_API_PORT": str(free_port()),
    }

    def conductor(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CONDUCTOR, *argv], env=environment, capture_output=True, text=True, timeout=180, check=False
        )

    return conductor


@pytest.fixture
def address(run: Run, folder: Path) -> Iterator[str]:
    """The address of that workbench, started by `conductor up`."""
    up = run("up", "--json")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        yield str(json.loads(up.stdout)["url"])
    finally:
        ARTIFACTS.mkdir(exist_ok=True)
        for log in (folder / "home" / "logs").glob("maestro-*.log"):
            (ARTIFACTS / f"journey-{log.name}").write_bytes(log.read_bytes())
        down = run("down")
        assert down.returncode == 0, down.stdout + down.stderr


@pytest.fixture
def screen(browser: Browser, address: str) -> Iterator[Screen]:
    window = Screen(browser, address)
    yield window
    window.shot("journey-last")
    window.close()


def deploy(screen: Screen, reason: str, values: str = "") -> None:
    """Ask for a deploy to staging, as the requester, from the Releases page."""
    screen.open("releases", release="intelgraph", channel="staging", acting="requester")
    screen.press("Deploy")
    if values:
        screen.fill("Values set by hand, one a line", values)
    screen.see("It would change", within=screen.dialog())
    screen.fill("Reason, for the record", reason)
    screen.press("Request the deploy")
    screen.title("Deploy intelgraph to staging")
    screen.see("awaiting approval")


def approved_by_a_second_person(screen: Screen) -> None:
    """Switch to the approver, approve, and wait until the Change has succeeded."""
    approved(screen)
    expect(screen.page.get_by_text("post-flight checks passed").first).to_be_visible(timeout=LONG)
    screen.settled()


def image_of(plane: Endpoints, namespace: str) -> str:
    """The image that the Rollout wants."""
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    return run_kubectl(plane, "get", "rollout", "intelgraph", "-n", namespace, "-o", path)


def caught_and_left_in_two_clicks(screen: Screen, namespace: str) -> None:
    """The analysis catches the bad version, the verdict says by how much; a captain is out of it in two clicks, and
    somebody else says afterwards that it was right.
    """
    screen.open("delivery", rollout=f"{namespace}/intelgraph", acting="captain")
    expect(screen.page.get_by_text("This rollout has failed")).to_be_visible(timeout=LONG)
    screen.see("success-rate must be ≥ 0.99 and was 0.")
    screen.see("missed by 0.")
    screen.settled()
    screen.shots("journey-9-red")
    screen.page.set_viewport_size({"width": 1440, "height": 900})
    screen.page.get_by_role("button", name="Emergency rollback to r3 (1.3.9)").click()
    expect(screen.dialog().get_by_label("Reason, for the record")).to_have_value(re.compile("success-rate must be"))
    screen.press("Roll back now")
    screen.title("EMERGENCY rollback of intelgraph in staging to revision 3")
    screen.see("EMERGENCY, not reviewed yet")
    expect(screen.page.get_by_text("post-flight checks passed").first).to_be_visible(timeout=LONG)
    screen.settled()
    screen.shot("journey-10-emergency")
    screen.act_as("approver")
    screen.press("Review")
    screen.dialog().get_by_text("It was justified").click()
    screen.fill("Reason, for the record", "the errors were real")
    screen.press("Review")
    screen.see("EMERGENCY, approved afterwards")
    screen.shot("journey-11-reviewed")


def test_deploy_refuse_approve_watch_and_roll_back(
    screen: Screen, plane: Endpoints, namespace: str, folder: Path, run: Run
) -> None:
    waves.fleet(plane, namespace, "1.0.0")
    deploy(screen, "first release to staging", "image.tag=1.3.9\nui.image.tag=2.2.0")
    screen.settled()
    screen.shot("journey-1-awaiting")
    screen.tab("Gates")
    screen.see("policy/workload")
    screen.shot("journey-2-gates")

    screen.press("Approve")
    if screen.page.get_by_role("dialog").count():
        screen.press("Approve")
    screen.see("The requester of a Change can't approve it")
    screen.shot("journey-3-refused")

    approved_by_a_second_person(screen)
    screen.tab("Events")
    screen.see("helm upgrade --install intelgraph")
    screen.shot("journey-4-events")
    screen.tab("Notebook")
    frame = screen.page.frame_locator("iframe").first
    expect(frame.get_by_text("Deploy a Helm release").first).to_be_visible(timeout=PATIENCE)
    screen.shot("journey-5-notebook")
    rollout = run_kubectl(plane, "get", "rollout", "intelgraph", "-n", namespace, "-o", "jsonpath={.status.phase}")
    assert rollout == "Healthy"

    first = parse_qs(urlsplit(screen.page.url).query)["change"][0]

    deploy(screen, "new version with a canary", "image.tag=1.4.3")
    approved(screen)
    waves.walked(screen, namespace)
    waves.marked_stable(screen, namespace, "1.4.3")
    waves.refused_with_the_set_that_works(screen, namespace)

    screen.open("releases", release="intelgraph", channel="staging", acting="requester")
    screen.settled()
    screen.shot("journey-7-release")
    screen.press("Roll back")
    screen.fill("Reason, for the record", "the new version is slow")
    screen.press("Request the rollback to r1")
    screen.title("Roll back intelgraph in staging to revision 1")
    screen.see("awaiting approval")
    approved_by_a_second_person(screen)
    screen.shot("journey-8-rolled-back")
    assert image_of(plane, namespace).endswith(":1.3.9")

    members = waves.fleet(plane, namespace, "2.0.0")
    deploy(screen, "a build that nobody has tried", "image.tag=1.4.4-bad")
    approved(screen)
    waves.fleet_aborted(screen, namespace, members)  # while the bad build is measured
    caught_and_left_in_two_clicks(screen, namespace)
    assert image_of(plane, namespace).endswith(":1.3.9")

    record.proved(screen, first, run)
    record.asked(screen, "intelgraph", folder, run)
    record.reported(screen, folder / "home", run)
    assert screen.foreign == []
    assert screen.faults == []
