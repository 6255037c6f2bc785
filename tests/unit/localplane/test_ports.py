"""Ports are kept between starts, differ between homes, and give way to whoever took one."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from conductor_core.errors import UnreachableError
from conductor_core.localplane import ports

NAMES = ("a", "b", "c")


def test_kept_between_starts(tmp_path: Path) -> None:
    first = ports.choose(tmp_path / "ports.json", NAMES)
    assert len(set(first.values())) == 3
    assert all(ports.FIRST <= p <= ports.LAST for p in first.values())
    assert ports.choose(tmp_path / "ports.json", NAMES) == first


def test_a_taken_port_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    first = ports.choose(tmp_path / "ports.json", NAMES)
    with socket.create_server(("127.0.0.1", first["b"])):
        second = ports.choose(tmp_path / "ports.json", NAMES)
    assert second["b"] != first["b"]
    assert (second["a"], second["c"]) == (first["a"], first["c"])
    assert json.loads((tmp_path / "ports.json").read_text()) == second


def test_two_homes_differ(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    x = ports.choose(tmp_path / "x" / "ports.json", NAMES)
    y = ports.choose(tmp_path / "y" / "ports.json", NAMES)
    assert not set(x.values()) & set(y.values())


@pytest.mark.parametrize("text", ["", "[1]", "nonsense", '{"a": "x"}'])
def test_a_broken_file_is_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_text(text)
    assert set(ports.choose(tmp_path / "ports.json", NAMES)) == set(NAMES)


def test_no_port_left(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="No loopback port"):
        ports.choose(tmp_path / "ports.json", NAMES, is_free=lambda _: False)


def test_next_free_passes_over_a_taken_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert ports.next_free(taken) > taken
        with pytest.raises(UnreachableError, match=f"No port from {taken}"):
            ports.next_free(taken, tries=1)
