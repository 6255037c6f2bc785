"""The supervisor on real, tiny processes: order, restart, clean stop, and no orphan after its own death."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from conductor_core.errors import StorageError, ToolError, TransientError
from conductor_core.localplane import supervisor
from conductor_core.localplane.processes import MARK, Probe, Process, ProcessSet, SetStatus

pytestmark = pytest.mark.slow  # starts and kills processes

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


def touching(path: Path, *, after: str = "time.sleep(600)") -> tuple[str, ...]:
    return (sys.executable, "-c", f"import pathlib, time; pathlib.Path({str(path)!r}).write_text('up'); {after}")


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def marked(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def declare(tmp_path: Path) -> Iterator[Callable[..., ProcessSet]]:
    made: list[ProcessSet] = []

    def one(*processes: Process, name: str = "set") -> ProcessSet:
        made.append(ProcessSet(name, tmp_path / name / "run", tmp_path / name / "logs", processes))
        return made[-1]

    yield one
    for each in made:
        supervisor.stop(each.folder)
        assert marked(each.folder) == []


def test_starts_in_order_of_need_and_stops_everything(tmp_path: Path, declare: Callable[..., ProcessSet]) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    declared = declare(
        Process("later", touching(second), after=("earlier",), ready=Probe("file", str(second))),
        Process("earlier", touching(first), ready=Probe("file", str(first))),
        Process("task", (sys.executable, "-c", "print('done')"), once=True, after=("later",)),
    )
    told: list[SetStatus] = []
    now = supervisor.start(declared, told.append, timeout=30)
    states = {p.name: p.state for p in now.processes}
    assert states == {"later": "ready", "earlier": "ready", "task": "done"}
    assert first.stat().st_mtime_ns < second.stat().st_mtime_ns
    assert any(not s.ready for s in told)
    assert "done" in (declared.log_dir / "task.log").read_text()
    assert supervisor.stop(declared.folder) is True
    assert marked(declared.folder) == []
    assert supervisor.status(declared.folder).running is False
    assert supervisor.stop(declared.folder) is False


def test_stops_in_reverse_order(tmp_path: Path, declare: Callable[..., ProcessSet]) -> None:
    log = tmp_path / "ends"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(0.2); open({log!r}, 'a').write({name!r} + ' '); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open({log!r} + {name!r}, 'w').close()\n"
        "time.sleep(600)\n"
    )

    def ending(name: str, after: tuple[str, ...]) -> Process:
        source = code.format(log=str(log), name=name)
        return Process(name, (sys.executable, "-c", source), after=after, ready=Probe("file", str(log) + name))

    supervisor.start(declared := declare(ending("base", ()), ending("top", ("base",))), timeout=30)
    supervisor.stop(declared.folder)
    assert log.read_text().split() == ["top", "base"]


def test_second_start_changes_nothing(declare: Callable[..., ProcessSet]) -> None:
    declared = declare(Process("a", SLEEPER))
    once, twice = supervisor.start(declared, timeout=30), supervisor.start(declared, timeout=30)
    assert (once.supervisor, once.processes[0].pid) == (twice.supervisor, twice.processes[0].pid)


def test_another_declaration_replaces_the_running_one(tmp_path: Path, declare: Callable[..., ProcessSet]) -> None:
    old = supervisor.start(declare(Process("a", SLEEPER)), timeout=30)
    new = supervisor.start(declare(Process("b", SLEEPER)), timeout=30)
    assert [p.name for p in new.processes] == ["b"]
    assert not psutil.pid_exists(old.processes[0].pid)


def test_a_dead_child_is_restarted(declare: Callable[..., ProcessSet]) -> None:
    declared = declare(Process("a", SLEEPER))
    before = supervisor.start(declared, timeout=30).processes[0]
    psutil.Process(before.pid).kill()
    until(lambda: supervisor.status(declared.folder).processes[0].restarts == 1)
    assert supervisor.status(declared.folder).processes[0].why == "it ended with signal 9"
    until(lambda: supervisor.status(declared.folder).ready)
    after = supervisor.status(declared.folder).processes[0]
    assert after.pid != before.pid
    assert psutil.pid_exists(after.pid)


def test_kill_of_the_supervisor_leaves_no_orphan_after_the_next_start(declare: Callable[..., ProcessSet]) -> None:
    grandchild = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    declared = declare(Process("a", SLEEPER), Process("b", (sys.executable, "-c", grandchild)))
    before = supervisor.start(declared, timeout=30)
    until(lambda: len(marked(declared.folder)) == 4)
    left = [p for p in marked(declared.folder) if p.pid != before.supervisor]
    psutil.Process(before.supervisor).send_signal(signal.SIGKILL)
    until(lambda: not supervisor.status(declared.folder).running)
    assert all(p.is_running() for p in left)
    after = supervisor.start(declared, timeout=30)
    assert after.supervisor != before.supervisor
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in left)
    until(lambda: len(marked(declared.folder)) == 4)


def test_what_a_killed_supervisor_left_is_cleared_and_what_runs_is_not(declare: Callable[..., ProcessSet]) -> None:
    declared = declare(Process("a", SLEEPER))
    assert not supervisor.cleared(declared.folder).running
    now = supervisor.start(declared, timeout=30)
    assert supervisor.cleared(declared.folder).supervisor == now.supervisor
    psutil.Process(now.supervisor).kill()
    until(lambda: not supervisor.status(declared.folder).running)
    assert len(marked(declared.folder)) == 1
    assert not supervisor.cleared(declared.folder).running
    assert marked(declared.folder) == []


def test_stop_after_a_kill_sweeps_too(declare: Callable[..., ProcessSet]) -> None:
    declared = declare(Process("a", SLEEPER))
    psutil.Process(supervisor.start(declared, timeout=30).supervisor).kill()
    assert supervisor.stop(declared.folder) is True
    assert marked(declared.folder) == []


def test_a_reused_pid_is_left_alone(tmp_path: Path, declare: Callable[..., ProcessSet]) -> None:
    declared = declare(Process("a", SLEEPER))
    supervisor.start(declared, timeout=30)
    state = declared.folder / "state.json"
    with psutil.Popen(SLEEPER) as stranger:
        told = state.read_text()
        supervisor.stop(declared.folder)
        child = f'"pid": {stranger.pid}, "created": {stranger.create_time() - 60}'
        state.write_text(
            f'{{"running": true, "supervisor": {stranger.pid}, "created": {stranger.create_time() - 60},'
            f' "digest": "", "stopping": false, "processes": [{{"name": "a", "state": "ready", {child}}}]}}'
        )
        assert '"a"' in told
        assert supervisor.status(declared.folder).running is False
        assert supervisor.stop(declared.folder) is False
        assert stranger.poll() is None
        stranger.kill()


def test_what_does_not_stay_up_is_told_with_its_log_and_nothing_is_left(declare: Callable[..., ProcessSet]) -> None:
    failing = (sys.executable, "-c", "import sys; print('no such port'); sys.exit(3)")
    declared = declare(Process("good", SLEEPER), Process("bad", failing, ready=Probe("tcp", "127.0.0.1:1")))
    with pytest.raises(ToolError) as said:
        supervisor.start(declared, timeout=30)
    assert said.value.what == "bad does not stay up."
    assert "exit code 3" in said.value.why
    assert "no such port" in said.value.why
    assert "bad.log" in said.value.next
    assert marked(declared.folder) == []


def test_a_program_that_is_not_there(declare: Callable[..., ProcessSet]) -> None:
    with pytest.raises(ToolError) as said:
        supervisor.start(declare(Process("bad", ("/no/such/program",))), timeout=30)
    assert "/no/such/program" in said.value.why


def test_never_ready_is_a_transient_error_that_names_the_process(declare: Callable[..., ProcessSet]) -> None:
    declared = declare(Process("slow", SLEEPER, ready=Probe("file", "/no/such/file")))
    with pytest.raises(TransientError) as said:
        supervisor.start(declared, timeout=1)
    assert "slow" in said.value.why
    assert marked(declared.folder) == []


def test_two_sets_side_by_side(declare: Callable[..., ProcessSet]) -> None:
    one, two = declare(Process("a", SLEEPER), name="one"), declare(Process("a", SLEEPER), name="two")
    supervisor.start(one, timeout=30)
    supervisor.start(two, timeout=30)
    supervisor.stop(one.folder)
    assert supervisor.status(two.folder).ready


def test_a_deaf_process_is_killed(tmp_path: Path, declare: Callable[..., ProcessSet]) -> None:
    flag = tmp_path / "deaf"
    code = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(flag)!r}).touch(); time.sleep(600)"
    )
    process = Process("a", (sys.executable, "-c", code), ready=Probe("file", str(flag)), stop_seconds=0.5)
    pid = supervisor.start(declared := declare(process), timeout=30).processes[0].pid
    supervisor.stop(declared.folder)
    assert not psutil.pid_exists(pid)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="can't be started"):
        supervisor.start(ProcessSet("set", tmp_path / "file" / "run", tmp_path / "logs", ()), timeout=5)


def test_tail_of_a_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("".join(f"line {n}\n" for n in range(2000)))
    assert supervisor.tail(str(tmp_path / "log"), 2) == "line 1998\nline 1999"
    assert supervisor.tail(str(tmp_path / "none")) == ""
