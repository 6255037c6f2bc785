"""What several unit tests need."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.settings import Settings


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and no setting in the environment."""
    for field in Settings.model_fields:
        monkeypatch.delenv(f"CONDUCTOR_{field.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path
