"""Logs are kept below a size without losing the newest lines."""

from __future__ import annotations

from pathlib import Path

from conductor_core.localplane.daemon import BACK_OFF, rotate


def test_a_full_log_moves_and_the_open_file_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as writer:
        for text in (b"one" * 10, b"two" * 10, b"three" * 10):
            writer.write(text)
            rotate(log, limit=20)
        writer.write(b"four")
    assert log.read_bytes() == b"four"
    assert (tmp_path / "a.log.1").read_bytes() == b"three" * 10
    assert (tmp_path / "a.log.2").read_bytes() == b"two" * 10
    assert not (tmp_path / "a.log.3").exists()


def test_a_small_or_missing_log_is_left(tmp_path: Path) -> None:
    rotate(tmp_path / "none.log")
    (tmp_path / "a.log").write_text("x")
    rotate(tmp_path / "a.log")
    assert [p.name for p in tmp_path.iterdir()] == ["a.log"]


def test_waits_grow() -> None:
    assert list(BACK_OFF) == sorted(BACK_OFF)
    assert BACK_OFF[-1] <= 30
