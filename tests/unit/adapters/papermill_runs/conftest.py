"""A short temporary folder: a kernel's sockets have paths of at most 107 bytes, also where tests run side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="k-") as folder:
        yield Path(folder)
