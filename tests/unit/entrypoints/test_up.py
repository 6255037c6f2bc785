"""What `up` declares and where: ports of this home, and a declaration that changes with settings and program."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conductor_core.entrypoints import up
from conductor_core.localplane.processes import STOPPED
from conductor_core.settings import Settings


def settings(home: Path, **given: Any) -> Settings:
    """Settings of a home with ports that nobody else is likely to use."""
    return Settings.model_validate({"home": home, "ui_port": 28501, "api_port": 28600} | given)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_gives_the_next_free_one_which_is_kept(tmp_path: Path, taken: int) -> None:
    first = up._ports(settings(tmp_path, ui_port=taken), STOPPED)
    assert first["ui"] > taken
    assert settings(tmp_path).address == f"http://127.0.0.1:{first['ui']}"
    assert up._ports(settings(tmp_path, ui_port=taken), STOPPED) == first


def test_a_port_that_is_asked_for_later_is_taken_from_then_on(tmp_path: Path) -> None:
    assert up._ports(settings(tmp_path), STOPPED)["ui"] == 28501
    assert up._ports(settings(tmp_path, ui_port=28555), STOPPED) == {"ui": 28555, "api": 28600}


@pytest.mark.parametrize("text", ["", "[]", "3", '{"ui": "x"}', '{"ui": 28503}', '{"ui": 1, "api": 2, "asked": []}'])
def test_damaged_notes_of_ports_are_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ports.json").write_text(text)
    assert up._ports(settings(tmp_path), STOPPED) == {"ui": 28501, "api": 28600}


def test_other_settings_or_another_program_make_another_declaration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = {"ui": 28501, "api": 28600}
    home, root = tmp_path / "home", tmp_path / "root"
    (root / "app").mkdir(parents=True)
    (root / "app" / "a.py").write_text("a = 1")
    monkeypatch.setattr(up, "PROJECT_ROOT", root)
    first = up.declare(settings(home), ports)
    assert up.declare(settings(home), ports).digest() == first.digest()
    secret = up.declare(settings(home, argocd_token="sesame"), ports)
    assert secret.digest() != first.digest()
    assert "sesame" not in secret.as_json()
    os.utime(root / "app" / "a.py", (1, 1))
    assert up.declare(settings(home), ports).digest() != first.digest()
