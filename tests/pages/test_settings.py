"""The page of settings: masked, sourced, tested."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from tests.pages.drive import open_page, seen
from tests.pages.support import settings
from tests.pages.worlds import broken, full


def test_secrets_never_reach_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_ARGOCD_TOKEN", "canary-4711")
    conductor = full()
    conductor.settings = settings(argocd_token=SecretStr("canary-4711"))
    at = open_page(conductor, "settings")
    table = at.dataframe[0].value.set_index("setting")
    assert "canary-4711" not in table.to_csv()
    assert table.loc["CONDUCTOR_ARGOCD_TOKEN", "value"] == "•••• set"
    assert table.loc["CONDUCTOR_ARGOCD_TOKEN", "from"] == "environment"
    at.toggle(key="only_set").set_value(True).run()
    assert "CONDUCTOR_ARGOCD_TOKEN" in list(at.dataframe[0].value["setting"])
    assert "CONDUCTOR_UI_PORT" not in list(at.dataframe[0].value["setting"])


def test_words_narrow_the_table() -> None:
    at = open_page(full(), "settings")
    at.text_input(key="setting").set_value("helm").run()
    assert "CONDUCTOR_HELM" in list(at.dataframe[0].value["setting"])
    assert "CONDUCTOR_UI_PORT" not in list(at.dataframe[0].value["setting"])


@pytest.mark.parametrize(("name", "said"), [("kubernetes", "The API server does not answer."), ("helm", "3.19.5")])
def test_a_connection_is_tested(name: str, said: str) -> None:
    at = open_page(full(), "settings", tab="Connections")
    at.selectbox(key="connection").set_value(name)
    at.button[0].click().run()
    text = seen(at)
    assert said in text
    assert "PostgreSQL" not in text


def test_all_connections_are_tested() -> None:
    at = open_page(full(), "settings", tab="Connections")
    at.button[0].click().run()
    assert "PostgreSQL 18.4" in seen(at)


@pytest.mark.parametrize("who", ["requester", "approver", "captain"])
def test_identity_and_roles(who: str) -> None:
    text = seen(open_page(full(), "settings", who, tab="Identity and roles"))
    assert f"acting as **{who}**" in text
    assert "change.approve" in text


def test_broken_shows_diagnostics() -> None:
    at = open_page(broken(), "settings", tab="Connections")
    assert len(at.error) == 1


def test_single_sign_on_refuses_local_identities() -> None:
    conductor = full()
    conductor.settings = settings(identity_mode="oidc")
    at = open_page(conductor, "status")
    assert [button.label for button in at.button] == ["Sign in"]
    assert not at.sidebar.selectbox
    at.button[0].click().run()
    assert "The sign-in is not set up." in seen(at)


def test_the_doctor_names_each_miss_with_what_mends_it() -> None:
    at = open_page(full(), "settings", tab="Doctor")
    at.button(key="doctor").click().run()
    text = seen(at)
    assert "2 missing: kubectl, kubernetes" in text
    assert "Install kubectl 1.29 or newer." in text
