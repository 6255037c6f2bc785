"""Every page in every state, in both themes and two widths, kept as pictures; and what only a browser can show."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Worlds
from tests.browser.screen import PATIENCE, Screen
from tests.pages.support import RISK
from tests.pages.worlds import busy

pytestmark = pytest.mark.browser

IDS = busy()[1]
PAGES = ("Status", "Releases", "Changes", "Runbooks", "Settings")
DETAILS = {
    "release": ("releases", {"release": "intelgraph", "channel": "staging"}),
    "change-awaiting": ("changes", {"change": IDS["awaiting"], "as": "approver"}),
    "change-void": ("changes", {"change": IDS["void"], "as": "approver"}),
    "change-denied": ("changes", {"change": IDS["denied"], "tab": "Gates"}),
    "change-executing": ("changes", {"change": IDS["executing"]}),
    "change-unknown": ("changes", {"change": IDS["unknown"], "as": "captain"}),
    "change-notebook": ("changes", {"change": IDS["succeeded"], "tab": "Notebook"}),
    "change-events": ("changes", {"change": IDS["failed"], "tab": "Events"}),
    "change-evidence": ("changes", {"change": IDS["awaiting"], "tab": "Evidence"}),
    "runbook": ("runbooks", {"runbook": "deploy_release"}),
    "settings-roles": ("settings", {"tab": "Identity and roles"}),
}


ENVIRONMENTS = {
    "list": {},
    "one": {"environment": "team-blue"},
    "failed": {"environment": "perf-lab"},
    "wizard": {"blueprint": "summit-local", "draft": "drf-9"},
}


@pytest.fixture
def screen(browser: Browser, worlds: Worlds) -> Iterator[Screen]:
    found = Screen(browser, worlds.url("full"))
    yield found
    found.close()


@pytest.mark.parametrize("world", ["empty", "full", "broken"])
def test_pages(world: str, browser: Browser, worlds: Worlds) -> None:
    window = Screen(browser, worlds.url(world))
    window.open()
    for title in PAGES:
        window.go(title)
        window.settled()
        window.shots(f"{world}-{title.lower()}")
    assert window.foreign == [], "the workbench asks nobody else"
    assert window.faults == []
    window.close()


def test_details(browser: Browser, worlds: Worlds) -> None:
    window = Screen(browser, worlds.url("full"))
    for name, (page, where) in DETAILS.items():
        window.open(page, **where)
        expect(window.page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
        window.settled()
        window.shots(f"full-{name}")
    assert window.foreign == []
    assert window.faults == []
    window.close()


@pytest.mark.parametrize("world", ["environments-empty", "environments", "environments-down"])
def test_environments(world: str, browser: Browser, worlds: Worlds) -> None:
    window = Screen(browser, worlds.url(world))
    for name, where in ENVIRONMENTS.items():
        window.open("environments", acting="requester", **where)
        window.settled()
        window.shots(f"{world}-{name}")
    assert window.foreign == []
    assert window.faults == []
    window.close()


@pytest.mark.parametrize("where", [{"page": ""}, {"page": "environments", "environment": "perf-lab", "tab": "Changes"}])
def test_a_click_on_a_row_opens_its_change(where: dict[str, str], browser: Browser, worlds: Worlds) -> None:
    window = Screen(browser, worlds.url("environments"))
    window.open(**where)
    table = window.page.get_by_test_id("stDataFrame").last
    expect(table).to_be_visible(timeout=PATIENCE)
    window.settled()
    table.click(position={"x": 260, "y": 50})
    window.see("All Changes")
    expect(window.page).to_have_url(re.compile(r"/changes\?change=chg-"))
    window.close()


def test_the_requester_is_refused_and_the_approver_is_not(browser: Browser, worlds: Worlds) -> None:
    window = Screen(browser, worlds.url("acting"))
    window.open("changes", change=IDS["awaiting"])
    window.title("Deploy intelgraph to staging")
    window.press("Approve")
    window.see("The requester of a Change can't approve it.")
    window.shot("act-refused")
    window.act_as("approver")
    window.press("Approve")
    window.see("1 of 1 given")
    window.shot("act-approved")
    window.close()


def test_dialogs_name_target_and_effect(screen: Screen) -> None:
    screen.open("releases", release="intelgraph", channel="staging")
    screen.press("Roll back")
    screen.see("gets a new revision r38", within=screen.dialog())
    screen.settled()
    screen.shot("dialog-rollback")
    screen.press("Back")
    expect(screen.page.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE)
    screen.press("Deploy")
    screen.see("Tier staging needs 1 approval", within=screen.dialog())
    screen.fill("Reason, for the record", "look at it")
    screen.settled()
    screen.shot("dialog-deploy")


def test_a_dialog_stays_open_while_the_change_is_followed(screen: Screen) -> None:
    screen.open("changes", change=IDS["awaiting"], acting="approver")
    screen.press("Reject")
    screen.fill("Reason, for the record", "half a rea")
    screen.page.wait_for_timeout(2500)
    expect(screen.dialog().get_by_label("Reason, for the record")).to_have_value("half a rea")
    screen.shot("dialog-reject")
    screen.press("Back")


def test_the_notebook_frame_runs_no_script(screen: Screen) -> None:
    screen.open("changes", change=IDS["succeeded"], tab="Notebook")
    frame = screen.page.locator("iframe[srcdoc]")
    expect(frame).to_be_visible(timeout=PATIENCE)
    assert frame.get_attribute("sandbox") == ""
    expect(frame.content_frame.get_by_text("helm upgrade: revision 38")).to_be_visible(timeout=PATIENCE)
    assert "owned" not in screen.page.title()


def test_the_difference_is_searched_split_and_unfolded(screen: Screen) -> None:
    screen.open("releases", release="intelgraph", channel="staging")
    screen.see("13 unchanged lines")
    screen.page.get_by_text("13 unchanged lines").first.click()
    expect(screen.page.locator(".row").nth(1)).to_contain_text("apiVersion: v1")
    screen.page.get_by_label("Search resources and lines").fill("replicas: 6")
    screen.see("5 matches")
    screen.press("Side by side")
    screen.settled()
    screen.shot("difference-side-by-side")
    screen.page.get_by_label("Search resources and lines").fill("api-3")
    screen.see("2 matches")
    screen.page.get_by_text("lines moved from line").first.click()
    screen.settled()
    screen.shot("difference-moved")
    screen.page.get_by_label("Search resources and lines").fill("no such text")
    screen.see("Nothing matches")


@pytest.mark.parametrize("width", [800, 1440])
def test_a_risk_is_read_whole_however_narrow_the_window(width: int, screen: Screen) -> None:
    screen.open("releases", release="intelgraph", channel="staging")
    screen.see("13 unchanged lines")
    screen.page.set_viewport_size({"width": width, "height": 900})
    screen.page.get_by_label("Search resources and lines").fill("is immutable")
    expect(screen.page.locator(".row.head")).to_have_count(1)
    expect(screen.page.locator(".row.head")).to_contain_text("! 1 risk")
    edge = screen.page.locator(".view").evaluate("view => view.getBoundingClientRect().right")
    words = (
        "row => { const r = document.createRange(); r.selectNodeContents(row); return r.getBoundingClientRect().right }"
    )
    rows = screen.page.locator(".note.risk").all()
    assert " ".join(row.inner_text() for row in rows) == f"! {RISK}"
    assert all(row.evaluate(words) <= edge for row in rows)


def test_the_difference_keeps_what_the_keyboard_is_on(screen: Screen) -> None:
    screen.open("releases", release="intelgraph", channel="staging")
    screen.see("13 unchanged lines")
    head = screen.page.locator(".row.head").first
    head.focus()
    for state in ("false", "true"):
        screen.page.keyboard.press("Enter")
        expect(head).to_have_attribute("aria-expanded", state)
        expect(head).to_be_focused()
    folds = screen.page.get_by_text("13 unchanged lines")
    left = folds.count() - 1
    folds.first.focus()
    screen.page.keyboard.press("Enter")
    expect(folds).to_have_count(left)
    expect(screen.page.locator(".view")).to_be_focused()


def test_identifiers_are_copied_whole(screen: Screen) -> None:
    screen.open("changes", change=IDS["awaiting"])
    screen.page.get_by_title(f"Copy {IDS['awaiting']}").click()
    screen.see("✓ copied")
    assert screen.page.evaluate("navigator.clipboard.readText()") == IDS["awaiting"]


def test_times_are_relative_with_the_absolute_on_hover(screen: Screen) -> None:
    screen.open("changes", change=IDS["awaiting"])
    time = screen.page.locator("time").first
    expect(time).to_contain_text("ago", timeout=PATIENCE)
    assert "UTC" in (time.get_attribute("title") or "")


def test_five_hundred_resources_are_drawn_and_scrolled(browser: Browser, worlds: Worlds) -> None:
    window = Screen(browser, worlds.url("large"))
    window.open("releases", release="intelgraph", channel="staging")
    view = window.page.get_by_role("region", name="Difference from")
    expect(view).to_be_visible(timeout=PATIENCE)
    assert view.evaluate("node => node.scrollHeight") > 10_000
    assert view.evaluate("node => node.querySelectorAll('.row').length") < 200
    took = view.evaluate(
        """async node => { const start = performance.now();
        for (let i = 1; i <= 20; i += 1) { node.scrollTop = i * 700; await new Promise(requestAnimationFrame); }
        return performance.now() - start; }"""
    )
    assert took < 4000
    window.open("releases")
    window.settled()
    window.shot("large-releases")
    window.close()
