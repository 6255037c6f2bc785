"""The ends of log files: whole lines, every folder, and what can't be read says so."""

from __future__ import annotations

from pathlib import Path

from conductor_core.adapters.log_files import LogFolder


def test_the_last_whole_lines_of_each_log(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "worker.log").write_text("first line\nsecond line\nthird line\n")
    (tmp_path / "local" / "etcd.log").write_text("short\n")
    (tmp_path / "notes.txt").write_text("no log\n")
    assert LogFolder(tmp_path).ends(20) == {"local/etcd.log": b"short\n", "worker.log": b"third line\n"}


def test_no_folder_has_no_logs(tmp_path: Path) -> None:
    assert LogFolder(tmp_path / "absent").ends(10) == {}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key\n")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "x.log").symlink_to(tmp_path / "secret")
    assert LogFolder(tmp_path / "logs").ends(10) == {}
