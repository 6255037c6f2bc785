"""A running local control plane for real-system tests, shared by test sessions; a fresh namespace for each test.

`CONDUCTOR_TEST_HOME` names its home; without it each checkout has a folder of its own below the temporary folder. Tests
that run two at a time have a plane for each of the two. A plane is left running, so that the next session starts at
once; `python -m tests.real.take_down` ends it, as `make` does after its tests.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conductor_core.localplane import plane as local
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import PROJECT_ROOT, Settings


def test_home() -> Path:
    """The home of the shared plane: one a user and checkout, since each is seeded from its own charts and policies."""
    checkout = hashlib.sha256(bytes(PROJECT_ROOT)).hexdigest()[:8]
    default = f"{tempfile.gettempdir()}/conductor-test-home-{os.getuid()}-{checkout}"
    named = os.environ.get("CONDUCTOR_TEST_HOME") or default
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return Path(named if worker == "gw0" else f"{named}-{worker}")


test_home.__test__ = False  # type: ignore[attr-defined]  # its name fits the pattern of tests


def run_kubectl(plane: Endpoints, *argv: str, text: str | None = None) -> str:
    """kubectl as administrator of `plane`; fails the test with kubectl's own words."""
    ended = subprocess.run(
        [str(plane.bin / "kubectl"), f"--kubeconfig={plane.kubeconfig}", *argv],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.fixture(scope="session")
def plane() -> Endpoints:
    """The endpoints of the shared plane, started (and built) when it isn't running."""
    home = test_home()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    assert home.stat().st_uid == os.getuid(), f"{home} belongs to somebody else"
    return local.up(Settings(home=home)).endpoints


@pytest.fixture
def kubectl(plane: Endpoints) -> Callable[..., str]:
    """kubectl as administrator of the shared plane."""

    def run(*argv: str, text: str | None = None) -> str:
        return run_kubectl(plane, *argv, text=text)

    return run


@pytest.fixture
def namespace(kubectl: Callable[..., str]) -> Iterator[str]:
    """A namespace that nobody else uses, deleted afterwards."""
    name = f"t-{uuid.uuid4().hex[:10]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
