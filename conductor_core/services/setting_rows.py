"""The settings as the Settings page, the docs and the record show them: where each came from, secrets masked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from conductor_core.settings import Settings


@dataclass(frozen=True)
class SettingRow:
    """One setting as the Settings page and the docs show it; a secret's value is masked."""

    name: str
    value: str
    source: Literal["environment", ".env", "default"]
    help: str
    secret: bool


def rows(settings: Settings) -> list[SettingRow]:
    """Every setting with its value and where it came from, in declaration order."""
    dotenv = Path(".env").read_text(encoding="utf-8").upper() if Path(".env").is_file() else ""
    out: list[SettingRow] = []
    for field, info in Settings.model_fields.items():
        name = f"CONDUCTOR_{field.upper()}"
        value = getattr(settings, field)
        secret = isinstance(value, SecretStr)
        shown = ("set" if value.get_secret_value() else "") if isinstance(value, SecretStr) else str(value or "")
        source: Literal["environment", ".env", "default"] = "default"
        if name in os.environ:
            source = "environment"
        elif f"{name}=" in dotenv:
            source = ".env"
        out.append(SettingRow(name, shown, source, info.description or "", secret))
    return out


def secrets(settings: Settings) -> set[str]:
    """The texts of every secret setting that is given: what nothing that leaves this installation may hold."""
    given = (getattr(settings, name) for name in Settings.model_fields)
    return {value.get_secret_value() for value in given if isinstance(value, SecretStr)} - {""}
