"""What the workbench's process tells Streamlit before it becomes it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from conductor_core.entrypoints import ui
from conductor_core.errors import ConfigurationError
from conductor_core.settings import Settings


def settings(home: Path, **given: object) -> Settings:
    known = {"oidc_issuer": "https://id.example/", "oidc_client_id": "workbench", "oidc_client_secret": 'quo"te\\'}
    return Settings.model_validate({"home": home, "identity_mode": "oidc", **known, **given})


def test_the_secrets_are_ours_alone_and_hold_what_sign_in_needs(tmp_path: Path) -> None:
    file = ui.secrets_file(settings(tmp_path), "https://conductor.example/")
    assert file.stat().st_mode & 0o777 == 0o600
    found = tomllib.loads(file.read_text(encoding="utf-8"))["auth"]
    assert found["redirect_uri"] == "https://conductor.example/oauth2callback"
    assert found["client_secret"] == 'quo"te\\'
    assert found["server_metadata_url"] == "https://id.example/.well-known/openid-configuration"
    assert found["client_kwargs"] == {"scope": "openid profile email"}
    assert len(found["cookie_secret"]) >= 32


def test_a_restart_keeps_the_cookies_and_replicas_share_a_given_secret(tmp_path: Path) -> None:
    def cookie(home: Path, **given: object) -> str:
        text = ui.secrets_file(settings(home, **given), "https://c.example").read_text(encoding="utf-8")
        return str(tomllib.loads(text)["auth"]["cookie_secret"])

    assert cookie(tmp_path / "a") == cookie(tmp_path / "a")
    assert cookie(tmp_path / "a") != cookie(tmp_path / "b")
    assert cookie(tmp_path / "a", cookie_secret="s" * 40) == cookie(tmp_path / "b", cookie_secret="s" * 40)


@pytest.mark.parametrize("missing", ["oidc_issuer", "oidc_client_id", "oidc_client_secret"])
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ConfigurationError) as bad:
        ui.secrets_file(settings(tmp_path, **{missing: ""}), "https://c.example")
    assert f"CONDUCTOR_{missing.upper()}" in bad.value.why


def test_wrong_settings_end_the_process_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONDUCTOR_HOME", str(tmp_path))
    monkeypatch.setenv("CONDUCTOR_IDENTITY_MODE", "oidc")
    assert ui.main(["--port", "0"]) == 1
    assert "CONDUCTOR_OIDC_ISSUER" in capsys.readouterr().err
