"""The rows of the settings: where each came from, and that no secret shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from conductor_core.services.setting_rows import rows
from conductor_core.settings import Settings, load

pytestmark = pytest.mark.usefixtures("nowhere")


def row(name: str) -> tuple[str, str]:
    found = next(each for each in rows(load()) if each.name == name)
    return found.value, found.source


def test_where_nothing_is_given_everything_is_a_default() -> None:
    assert {each.source for each in rows(load())} == {"default"}


def test_the_environment_beats_the_file_which_beats_the_default(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert row("CONDUCTOR_UI_PORT") == ("8501", "default")
    (nowhere / ".env").write_text("CONDUCTOR_UI_PORT=8700\nOTHER_PROGRAM=1\n")
    assert row("CONDUCTOR_UI_PORT") == ("8700", ".env")
    monkeypatch.setenv("CONDUCTOR_UI_PORT", "8800")
    assert row("CONDUCTOR_UI_PORT") == ("8800", "environment")


def test_no_secret_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [field for field, info in Settings.model_fields.items() if info.annotation is SecretStr]
    assert secrets
    for field in secrets:
        monkeypatch.setenv(f"CONDUCTOR_{field.upper()}", "sesame-" + field)
    settings = load()
    shown = rows(settings)
    assert "sesame" not in f"{settings!r} {settings} {shown!r}"
    assert {each.name for each in shown if each.secret} == {f"CONDUCTOR_{field.upper()}" for field in secrets}
    assert {each.value for each in shown if each.secret} == {"set"}
