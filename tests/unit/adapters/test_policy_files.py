"""A policy bundle on disk: read again when it changes, refused when a file can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.adapters.policy_files import PolicyFiles
from conductor_core.errors import PolicyError


def test_a_bundle_on_disk_is_read_again_when_it_changes(tmp_path: Path) -> None:
    source = PolicyFiles(tmp_path / "opa")
    with pytest.raises(PolicyError, match="not there"):
        source()
    (tmp_path / "opa" / "door").mkdir(parents=True)
    module = tmp_path / "opa" / "door" / "door.rego"
    module.write_text("package door\n", encoding="utf-8")
    first = source()
    assert source() is first
    module.write_text("package door\n\nx := 1\n", encoding="utf-8")
    assert source().digest != first.digest
    module.write_bytes(b"package \xff")
    with pytest.raises(PolicyError, match=r"door\.rego"):
        source()
    module.write_text("# METADATA\n# title: [\nx := 1\n", encoding="utf-8")
    with pytest.raises(PolicyError, match="METADATA above line 3"):
        source()
    module.unlink()
    module.symlink_to("/etc/hostname")
    with pytest.raises(PolicyError, match="out of the bundle"):
        source()


def test_rules_are_documented_by_their_metadata(tmp_path: Path) -> None:
    (tmp_path / "door").mkdir()
    text = (
        "# METADATA\n# title: About the family\npackage door\n\n# METADATA\n"
        "# title: Closed\n# description: >-\n#   Two\n"
        "#   lines.\n# custom:\n#   id: door/closed\n#   severity: warn\n#   clears_by: close it\nwarn := set()\n"
    )
    (tmp_path / "door" / "door.rego").write_text(text, encoding="utf-8")
    (tmp_path / "door" / "door_test.rego").write_text(text, encoding="utf-8")
    bundle = PolicyFiles(tmp_path)()
    assert bundle.families == ("door",)
    [doc] = bundle.rules
    assert (doc.id, doc.family, doc.severity, doc.title) == ("door/closed", "door", "warn", "Closed")
    assert (doc.description, doc.clears_by, doc.file, doc.line) == ("Two lines.", "close it", "door/door.rego", 14)


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "door.rego").write_text("#" * (1024 * 1024 + 1), encoding="utf-8")
    with pytest.raises(PolicyError, match="larger"):
        PolicyFiles(tmp_path)()
