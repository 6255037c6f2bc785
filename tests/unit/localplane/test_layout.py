"""Endpoints travel through their file; secrets are the owner's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.errors import StateError
from conductor_core.localplane import layout as room
from conductor_core.localplane.layout import Endpoints, Layout
from conductor_core.settings import Settings


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = room.of(Settings(home=tmp_path / "home"))
    made.make()
    return made


def endpoints(layout: Layout) -> Endpoints:
    return Endpoints(
        kubeconfig=layout.kubeconfig("admin"),
        context="conductor-local",
        api_url="https://127.0.0.1:1",
        argocd_url="http://127.0.0.1:2",
        argocd_token_file=layout.token_file,
        prometheus_url="http://127.0.0.1:3",
        simulator_url="http://127.0.0.1:4",
        ops_repo=layout.ops_repo,
        bin=Path("/cache/bin"),
        tofu_config=layout.tofu_config,
    )


def test_endpoints_survive_their_file(layout: Layout) -> None:
    import json

    room.write_private(layout.endpoints_file, json.dumps(endpoints(layout).as_json()))
    assert room.read_endpoints(layout) == endpoints(layout)


def test_no_plane_yet(layout: Layout) -> None:
    with pytest.raises(StateError) as said:
        room.read_endpoints(layout)
    assert "conductor local up" in said.value.next
    with pytest.raises(StateError, match="no token yet"):
        endpoints(layout).argocd_token()


def test_the_token_is_read_but_never_among_the_fields(layout: Layout) -> None:
    room.write_private(layout.token_file, "secret-token\n")
    assert endpoints(layout).argocd_token() == "secret-token"
    assert "secret-token" not in str(endpoints(layout).as_json())


def test_private_files_and_folders(layout: Layout) -> None:
    room.write_private(layout.token_file, "one")
    room.write_private(layout.token_file, "two")
    assert layout.token_file.read_text() == "two"
    assert layout.token_file.stat().st_mode & 0o777 == 0o600
    assert {p.stat().st_mode & 0o777 for p in layout.root.iterdir() if p.is_dir()} == {0o700}


def test_everything_lies_below_the_home(layout: Layout, tmp_path: Path) -> None:
    for path in (layout.root, layout.logs, layout.ops_repo, layout.tofu_config, layout.kubeconfig("x")):
        assert path.is_relative_to(tmp_path / "home")
        assert path.is_absolute()
