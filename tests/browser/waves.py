"""Waves as a person follows them: a version that walks, is marked, can't be halved; a fleet that is aborted as one."""

from __future__ import annotations

from playwright.sync_api import expect

from conductor_core.adapters.kubernetes import KubernetesCluster
from conductor_core.domain.fleets import LABEL
from conductor_core.localplane.layout import Endpoints
from tests.browser.screen import PATIENCE, Screen
from tests.fakes.rollouts import manifest

LONG = 180_000
"""Milliseconds that a deploy may take: a canary with its pauses and its analysis, on a busy machine."""
STAGING = """
replicaCount: 5
secrets: {existingSecret: intelgraph-staging}
rollout:
  steps:
    - {wave: canary, weight: 10}
    - {wave: canary, pause: {duration: 10s}}
    - {wave: canary, analysis: {templates: [success-rate]}}
    - {wave: baseline, experiment: {duration: 20s, replicas: 1, templates: [success-rate]}}
    - {wave: full, weight: 100}
  analysis: {initialDelay: 12s, interval: 3s, count: 3, window: 20s}
ingress: {enabled: true, host: intelgraph.staging.summit.example}
"""
"""The values of staging: every wave, quick to walk."""


def approved(screen: Screen) -> None:
    """Switch to the approver, and approve."""
    screen.act_as("approver")
    screen.press("Approve")
    if screen.page.get_by_role("dialog").count():
        screen.press("Approve")
    screen.see("1 of 1 given")


def marked_stable(screen: Screen, namespace: str, version: str) -> None:
    """On the Delivery page, mark the version that everybody has as stable; the page says so afterwards."""
    screen.open("delivery", rollout=f"{namespace}/intelgraph", acting="requester")
    screen.see("in Git no version is marked as stable")
    screen.shot("journey-6a-steady")
    screen.press("Mark as stable")
    screen.dialog()
    screen.press("Mark as stable")
    screen.title("Mark intelgraph in staging as stable")
    screen.see("succeeded")
    screen.open("delivery", rollout=f"{namespace}/intelgraph", acting="requester")
    screen.see(f"Git says that {version} is the stable version of staging.")
    screen.shot("journey-6b-stable")


def walked(screen: Screen, namespace: str) -> None:
    """The waves of a version that has just been approved, as they pass on its page: canary, baseline, everybody."""
    change = screen.page.url
    screen.open("delivery", rollout=f"{namespace}/intelgraph", acting="approver")
    for at, badge in enumerate(("canary 17 %, asked for 10 %", "baseline 17 %, asked for 10 %")):
        expect(screen.page.get_by_text(badge)).to_be_visible(timeout=LONG)
        screen.shot(f"journey-6-{at}-{badge.partition(' ')[0]}")
    expect(screen.page.get_by_text("Everybody has this version.")).to_be_visible(timeout=LONG)
    screen.page.goto(change)
    expect(screen.page.get_by_text("post-flight checks passed").first).to_be_visible(timeout=LONG)


def refused_with_the_set_that_works(screen: Screen, namespace: str) -> None:
    """A UI of long ago would break against this API: the page says so, and which set would work."""
    screen.open("delivery", rollout=f"{namespace}/intelgraph", acting="requester")
    screen.press("Roll back one component")
    screen.dialog()
    screen.fill("To version", "1.9.0")
    screen.see("ui 1.9.0 alone would break intelgraph in staging")
    screen.see("ui 1.9.0 needs api >=1.0.0, <1.4.0, and it is 1.4.3.")
    screen.see("ui 1.9.0, api 1.3.9")
    screen.see("Request this set together")
    expect(screen.dialog().get_by_role("button", name="Request it")).to_have_count(0)
    screen.shot("journey-6c-partial")
    screen.press("Back")


def fleet(plane: Endpoints, namespace: str, tag: str) -> list[str]:
    """Apply three Rollouts in lockstep, as somebody with kubectl would; gives what they are called."""
    cluster = KubernetesCluster(plane.kubeconfig, plane.context)
    names = [f"lock-{at}" for at in "abc"]
    for name in names:
        wanted = manifest(namespace, name=name, tag=tag)
        wanted["metadata"]["labels"] = {LABEL: f"lock-{namespace}"}
        cluster.apply(wanted, dry_run=False, field_manager="kubectl")
    return [f"{namespace}/{name}" for name in names]


def fleet_aborted(screen: Screen, namespace: str, members: list[str]) -> None:
    """One button, one Change, one approval: all of them are back, and the page says so of each."""
    screen.open("delivery", acting="requester")
    expect(screen.page.get_by_text("3 of 3 in progress")).to_be_visible(timeout=LONG)
    screen.press("Abort fleet")
    screen.see(", ".join(members), within=screen.dialog())
    screen.fill("Reason, for the record", "errors everywhere")
    screen.press("Abort fleet")
    screen.title(f"Abort every rollout of lock-{namespace}")
    screen.see("awaiting approval")
    approved(screen)
    screen.see("succeeded")
    for member in members:
        row = screen.page.get_by_role("row").filter(has_text=member)
        expect(row.get_by_text("as promised")).to_be_visible(timeout=PATIENCE)
        expect(row.get_by_text("5 of 5 replicas")).to_be_visible(timeout=PATIENCE)
    screen.settled()
    screen.shot("journey-8b-fleet")
