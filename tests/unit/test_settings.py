"""Settings: where each comes from, what is refused, and that no secret shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from conductor_core.errors import ConfigurationError
from conductor_core.settings import load

pytestmark = pytest.mark.usefixtures("nowhere")


def test_everything_has_a_default_and_binds_to_this_machine_only() -> None:
    settings = load()
    assert settings.host == "127.0.0.1"
    assert settings.identity_mode == "local"
    assert settings.database_url.get_secret_value() == ""
    assert settings.run_dir == settings.home / "run"
    assert settings.log_dir == settings.home / "logs"
    assert settings.blob_dir == settings.home / "blobs"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONDUCTOR_INTELGRAPH_URL", "https://{relase}.example.com"),
        ("CONDUCTOR_INTELGRAPH_UI_URL", "https://{release.example.com"),
        ("CONDUCTOR_SMOKE_URLS", "shop=https://{}.example.com"),
        ("CONDUCTOR_GRAFANA_PANELS", "d-solo/x?var={pod}"),
        ("CONDUCTOR_LEDGER_URL", "s3://key:password@bucket/prefix"),
        ("CONDUCTOR_UI_PORT", "http"),
        ("CONDUCTOR_API_PORT", "65536"),
        ("CONDUCTOR_UI_PORT", "-1"),
        ("CONDUCTOR_LOG_LEVEL", "loud"),
        ("CONDUCTOR_IDENTITY_MODE", "none"),
    ],
)
def test_a_value_that_can_not_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        load()
    assert name in raised.value.why
    assert "password" not in raised.value.why
    assert ".env" in raised.value.next


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_UI_PORT", "x")
    monkeypatch.setenv("CONDUCTOR_LOG_LEVEL", "y")
    with pytest.raises(ConfigurationError, match="UI_PORT") as raised:
        load()
    assert "CONDUCTOR_LOG_LEVEL" in raised.value.why


def test_a_bad_value_says_what_its_setting_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_LEDGER_URL", "s3://key:hunter2@bucket/ledger")
    with pytest.raises(ConfigurationError) as raised:
        load()
    assert "no credentials in it" in raised.value.why
    assert "hunter2" not in raised.value.why


def test_settings_do_not_change_under_a_process() -> None:
    with pytest.raises(ValidationError):
        load().ui_port = 1


@pytest.mark.parametrize("url", ["https://{host}/", "{", "}", "{}", "{release.x}", "{release:>9}", "{release!r}"])
def test_a_placeholder_that_can_not_be_filled_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_INTELGRAPH_UI_URL", url)
    with pytest.raises(ConfigurationError) as bad:
        load()
    assert "CONDUCTOR_INTELGRAPH_UI_URL" in bad.value.why
    assert "use {namespace} and {release}" in bad.value.why


def test_known_placeholders_and_braces_of_grafana_are_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_INTELGRAPH_URL", "https://{release}.{namespace}.example.com")
    monkeypatch.setenv("CONDUCTOR_GRAFANA_PANELS", "d-solo/x?var=${DS}&f={a,b}&n={rollout}")
    assert load().grafana_panels.endswith("{rollout}")


def test_the_addresses_are_those_that_the_start_found_free_unless_others_are_given(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUCTOR_HOME", str(nowhere))
    assert (load().address, load().api_address) == ("http://127.0.0.1:8501", "http://127.0.0.1:8600")
    (nowhere / "run").mkdir()
    (nowhere / "run" / "ports.json").write_text('{"ui": 8503, "api": 8602}')
    assert (load().address, load().api_address) == ("http://127.0.0.1:8503", "http://127.0.0.1:8602")
    monkeypatch.setenv("CONDUCTOR_HOST", "::")
    assert load().api_address == "http://[::1]:8602"
    monkeypatch.setenv("CONDUCTOR_HOST", "0.0.0.0")  # what is asked is this machine
    assert load().api_address == "http://127.0.0.1:8602"
    monkeypatch.setenv("CONDUCTOR_PUBLIC_URL", "https://conductor.test/")
    monkeypatch.setenv("CONDUCTOR_API_URL", "http://maestro-api:8600/")
    assert (load().address, load().api_address) == ("https://conductor.test", "http://maestro-api:8600")
