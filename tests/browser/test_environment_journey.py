"""A newcomer's environment in a real browser on real systems: warned while typing, approved by another, destroyed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT
from tests.browser.screen import Screen
from tests.browser.serving import free_port
from tests.real.conftest import run_kubectl

CONDUCTOR = str(Path(sys.executable).with_name("conductor"))
LONG = 180_000
"""Milliseconds that an apply may take on a busy machine."""

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


class Bench:
    """A workbench of this test's own on the shared control plane: its address, and its command line."""

    def __init__(self, home: Path, plane: Endpoints) -> None:
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("CONDUCTOR_")} | {
            "CONDUCTOR_HOME": str(home),
            "CONDUCTOR_KUBE_CONTEXT": plane.context,
            "CONDUCTOR_KUBECONFIG": str(plane.kubeconfig),
            "CONDUCTOR_PLAN_KUBECONFIG": str(plane.kubeconfig.with_name("planner.yaml")),
            "CONDUCTOR_TOFU": str(plane.bin / "tofu"),
            "CONDUCTOR_TOFU_CONFIG": str(plane.tofu_config),
            "CONDUCTOR_INFRA": str(PROJECT_ROOT),
            "CONDUCTOR_UI_PORT": str(free_port()),
            "CONDUCTOR_API_PORT": str(free_port()),
        }
        self.url = ""

    def cli(self, *argv: str) -> str:
        """Run `conductor ...` to its end; gives what it printed."""
        ended = subprocess.run(
            [CONDUCTOR, *argv], env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture
def bench(plane: Endpoints) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="journey-") as made:
        found = Bench(Path(made) / "home", plane)
        try:
            found.url = str(json.loads(found.cli("up", "--json"))["url"])
            yield found
        finally:
            found.cli("down")


@pytest.fixture
def screen(browser: Browser, bench: Bench) -> Iterator[Screen]:
    window = Screen(browser, bench.url)
    yield window
    window.shot("environment-last")
    window.close()


def approve(screen: Screen, *who: str) -> None:
    """Approve as each of them, and wait until the Change has succeeded."""
    screen.see("awaiting approval")
    for name in who:
        screen.act_as(name)
        screen.press("Approve")
        if screen.page.get_by_role("dialog").count():
            screen.press("Approve")
    expect(screen.page.get_by_text(re.compile("^Done\\.")).first).to_be_visible(timeout=LONG)
    screen.settled()


def test_a_newcomer_provisions_two_pools_and_destroys_them(screen: Screen, bench: Bench, plane: Endpoints) -> None:
    name, mark = f"b{uuid.uuid4().hex[:8]}", uuid.uuid4().bytes
    taken, free = f"10.{mark[0]}.{mark[1] & 0xE0}.0/20", f"10.{mark[0]}.{(mark[1] & 0xE0) + 16}.0/20"
    bench.cli("env", "request", f"{name}x", "--blueprint", "summit-local", "--var", f"network_cidr={taken}",
              "--reason", "it was here first", "--as", "requester")  # fmt: skip

    screen.open("environments", acting="requester")
    screen.title("Environments")
    screen.see("Environment on the local control plane")
    screen.open("environments", blueprint="summit-local", acting="requester")
    screen.fill("Name of the environment *", name)
    screen.settled()
    screen.page.get_by_text("Fill in from a tfvars file").click()
    screen.fill("tfvars", 'node_pools = { general = { nodes = 1 } }\nkubernetes_version = "1.99.1"')
    screen.settled()
    screen.press("Fill in")
    screen.see("do not go with the API server")
    screen.settled()
    screen.row(0, "memory", "1", "16", "128Gi")
    network = screen.page.get_by_label("network_cidr *").last
    network.press_sequentially(taken)
    screen.see(f"{taken} overlaps {taken} of {name}x.")
    below = screen.page.get_by_text(f"{taken} overlaps {taken} of {name}x. Choose a network")
    expect(below).to_be_in_viewport()  # where one types, not only in the box of verdicts
    expect(network).to_be_focused()  # it is said while one types, not when the field is left
    screen.see("environment/")
    screen.see("2 nodes, 20 CPU")
    screen.see("do not go with the API server")
    screen.settled()
    screen.shot("environment-1-denied")
    screen.fill("network_cidr *", free)
    screen.fill("kubernetes_version", "1.34.4")
    expect(screen.page.get_by_text("overlaps")).to_have_count(0)
    expect(screen.page.get_by_text("do not go with the API server")).to_have_count(0)
    screen.fill("Reason, for the record", "team blue starts")
    screen.settled()
    screen.shot("environment-2-mended")
    screen.press("Generate the plan")
    screen.title(f"Provision {name} from summit-local")
    screen.see("awaiting approval")
    screen.settled()
    screen.shot("environment-3-plan")
    screen.press("Approve")
    if screen.page.get_by_role("dialog").count():
        screen.press("Approve")
    screen.see("The requester of a Change can't approve it")
    approve(screen, "approver")
    screen.tab("Events")
    screen.see("created in")
    screen.shot("environment-4-applied")
    ready = "jsonpath={range .items[*]}{.status.conditions[?(@.type=='Ready')].status} {end}"
    assert run_kubectl(plane, "get", "nodes", "-l", f"conductor.summit/environment={name}", "-o", ready) == "True True"

    screen.open("environments", environment=name, acting="requester")
    screen.see("2 of 2 healthy")
    screen.shots("environment-5-inside")
    screen.press("Destroy")
    screen.fill(f"Type {name} to confirm", name)
    screen.fill("Reason, for the record", "it was a trial")
    screen.press("Request the destroy")
    screen.title(f"Destroy {name}")
    approve(screen, "approver")
    assert run_kubectl(plane, "get", "nodes", "-l", f"conductor.summit/environment={name}", "-o", "name") == ""
    assert screen.foreign == []
    assert screen.faults == []
