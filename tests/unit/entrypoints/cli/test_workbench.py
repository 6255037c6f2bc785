from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from conductor_core.entrypoints.cli.workbench import begin
from conductor_core.errors import ToolError
from conductor_core.localplane.processes import ProcessStatus, SetStatus, State

Report = Callable[[SetStatus], None]


def status(state: State) -> SetStatus:
    return SetStatus(True, 1, 0.0, "", False, (ProcessStatus("local-plane", state),))


def test_the_plane_is_left_to_itself_once_it_has_begun(capsys: pytest.CaptureFixture[str]) -> None:
    free = threading.Event()

    def follow(report: Report) -> None:
        report(status("waiting"))
        time.sleep(0.1)
        report(status("starting"))
        free.wait(20)

    begun = time.monotonic()
    begin(follow, wait=False)
    assert 0.1 <= time.monotonic() - begun < 5
    assert "conductor local status" in capsys.readouterr().err
    free.set()


def test_it_is_waited_for_when_that_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[bool] = []

    def follow(report: Report) -> None:
        report(status("starting"))
        time.sleep(0.2)
        done.append(True)

    begin(follow, wait=True)
    assert done == [True]
    assert "ready" in capsys.readouterr().err


def test_a_plane_that_cannot_begin_is_an_error() -> None:
    def follow(report: Report) -> None:
        raise ToolError("The supervisor can't be started.", why="No space.", next="Make room.")

    with pytest.raises(ToolError, match="supervisor"):
        begin(follow, wait=False)
