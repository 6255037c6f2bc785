"""Signing in with a provider, for real: the workbench's own process, PostgreSQL, and a provider on loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.screen import ARTIFACTS, PATIENCE, Screen
from tests.browser.serving import ROOT, free_port, wait
from tests.fakes.oidc_provider import CLIENT, SECRET, OidcProvider, serving

PEOPLE = {"alice": {"name": "Alice Ames", "groups": ["leads"]}, "bob": {"name": "Bob Brown", "groups": []}}


@pytest.fixture
def signed_by() -> Iterator[OidcProvider]:
    with serving(OidcProvider(PEOPLE)) as provider:
        yield provider


@pytest.fixture
def workbench(signed_by: OidcProvider, database_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a workbench that asks that provider."""
    port = free_port()
    env = {
        **os.environ,
        "CONDUCTOR_HOME": str(tmp_path),
        "CONDUCTOR_DATABASE_URL": database_url,
        "CONDUCTOR_IDENTITY_MODE": "oidc",
        "CONDUCTOR_OIDC_ISSUER": signed_by.issuer,
        "CONDUCTOR_OIDC_CLIENT_ID": CLIENT,
        "CONDUCTOR_OIDC_CLIENT_SECRET": SECRET,
        "CONDUCTOR_OIDC_ROLES": "captain=leads",
    }
    argv = [sys.executable, "-m", "conductor_core.entrypoints.ui", "--port", str(port)]
    ARTIFACTS.mkdir(exist_ok=True)
    with (ARTIFACTS / "workbench-sign-in.log").open("wb") as out:
        process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        wait(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_people_sign_in_act_under_their_name_and_sign_out(browser: Browser, workbench: str) -> None:
    screen = Screen(browser, workbench)
    page = screen.page
    page.goto(workbench + "/settings?tab=Identity+and+roles")
    button = page.get_by_role("button", name="Sign in")
    expect(button).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    page.screenshot(path=ARTIFACTS / "sign-in.png")
    button.click()
    page.get_by_role("link", name="alice").click()
    screen.see("Alice Ames · captain, viewer")
    screen.title("Settings")
    expect(page).to_have_url(re.compile(r"/settings\?tab=Identity"), timeout=PATIENCE)
    page.screenshot(path=ARTIFACTS / "signed-in.png")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="bob").click()
    screen.see("Bob Brown · viewer")
    screen.close()
