"""Every setting is explained in `.env.example`, and nothing else is."""

import re
from pathlib import Path

from conductor_core.settings import PROJECT_ROOT, Settings


def test_every_setting_is_in_the_example() -> None:
    text = (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^# (CONDUCTOR_[A-Z_]+)=", text, flags=re.MULTILINE))
    assert named == {f"CONDUCTOR_{field.upper()}" for field in Settings.model_fields}
    for info in Settings.model_fields.values():
        assert info.description
        assert info.description in text


def test_environment_variables_in_the_code_are_settings_or_documented() -> None:
    known = {f"CONDUCTOR_{field.upper()}" for field in Settings.model_fields}
    docs = "".join(p.read_text(encoding="utf-8") for p in [*PROJECT_ROOT.glob("docs/*.md"), PROJECT_ROOT / "README.md"])
    for path in [*Path(PROJECT_ROOT / "conductor_core").rglob("*.py"), *Path(PROJECT_ROOT / "app").rglob("*.py")]:
        for name in re.findall(r"[\"'](CONDUCTOR_[A-Z_]+)[\"']", path.read_text(encoding="utf-8")):
            assert name in known or name in docs, f"{path.name} reads {name}, which no document explains"
