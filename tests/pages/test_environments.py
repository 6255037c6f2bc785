"""The page of environments: inventory, wizard with live verdicts and draft, one environment with its acts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.actors import LOCAL_ACTORS
from tests.fakes.environments import Estate


class World:
    """As much of a Conductor as the page needs."""

    def __init__(self, estate: Estate) -> None:
        self.environments, self.changes, self.store = estate.service, estate.changes, estate.store
        self.settings = None

    def actor(self, name: str) -> Any:
        return LOCAL_ACTORS[name]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)
