"""Secrets by name: from the environment, else from a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.adapters.secret_files import SecretFiles
from conductor_core.errors import InputError, NotFoundError


def test_the_environment_beats_the_folder(tmp_path: Path) -> None:
    (tmp_path / "alert.hook").write_text("from a file\n")
    assert SecretFiles(tmp_path, {}).get("alert.hook") == "from a file"
    assert SecretFiles(tmp_path, {"CONDUCTOR_SECRET_ALERT_HOOK": "named"}).get("alert.hook") == "named"


def test_a_missing_secret_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        SecretFiles(tmp_path, {}).get("alert-hook")
    assert "CONDUCTOR_SECRET_ALERT_HOOK" in caught.value.why


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", ".hidden"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        SecretFiles(tmp_path, {}).get(name)
