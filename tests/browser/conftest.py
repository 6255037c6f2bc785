"""One browser for all tests, one server for each world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.browser.screen import ARTIFACTS, chromium
from tests.browser.serving import workbench
from tests.real.conftest import kubectl, namespace, plane

__all__ = ["kubectl", "namespace", "plane"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


class Worlds:
    """Addresses of workbenches on fakes, each started when it is first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The address of that world's workbench."""
        if name not in self._urls:
            ARTIFACTS.mkdir(exist_ok=True)
            self._urls[name] = self._stack.enter_context(workbench(name, ARTIFACTS / f"workbench-{name}.log"))
        return self._urls[name]


@pytest.fixture(scope="session")
def worlds() -> Iterator[Worlds]:
    with ExitStack() as stack:
        yield Worlds(stack)
