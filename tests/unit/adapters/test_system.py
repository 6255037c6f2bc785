"""What only a real process can show: groups end whole, locks outlive the caller, output can't block."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conductor_core.adapters.system import SystemCommands
from conductor_core.errors import TransientError

pytestmark = pytest.mark.slow  # waits for deadlines


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def test_the_whole_group_ends_at_the_deadline(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = f"trap '' TERM; sleep 60 & echo $! >> {pids}; echo $$ >> {pids}; wait"
    with pytest.raises(TransientError):
        SystemCommands().run(["sh", "-c", child], timeout=0.5)
    started = [int(p) for p in pids.read_text().split()]
    assert len(started) == 2
    deadline = time.monotonic() + 3
    while any(map(alive, started)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, started))


def test_an_inherited_lock_lasts_as_long_as_the_program(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    code = "import os, sys; sys.exit(0 if os.fstat(int(sys.argv[1])) else 1)"
    with_it = SystemCommands().run([sys.executable, "-c", code, str(lock)], inherit_fds=[lock])
    without = SystemCommands().run([sys.executable, "-c", code, str(lock)])
    other = os.open(tmp_path / "lock", os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
    assert (with_it.code, without.code) == (0, 1)


def lock_in(folder: Path) -> int:
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def test_a_program_that_holds_a_lock_survives_the_death_of_its_caller(tmp_path: Path) -> None:
    """It goes on printing after its reader was killed, ends its act, and frees the lock only then."""
    act = f"echo started; echo $$ > {tmp_path}/pid; sleep 0.7; echo one; echo two >&2; echo done > {tmp_path}/done"
    caller = (
        "import fcntl, os\nfrom conductor_core.adapters.system import SystemCommands\n"
        f"lock = os.open({str(tmp_path / 'lock')!r}, os.O_CREAT | os.O_RDWR)\nfcntl.flock(lock, fcntl.LOCK_EX)\n"
        f"SystemCommands().run(['sh', '-c', {act!r}], inherit_fds=[lock])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", caller])
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    other = os.open(tmp_path / "lock", os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX)  # as soon as the orphan has ended
    os.close(other)
    assert (tmp_path / "done").read_text() == "done\n"


def test_the_deadline_holds_for_a_program_with_a_lock(tmp_path: Path) -> None:
    lock = lock_in(tmp_path)
    child = f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/pids; echo $$ >> {tmp_path}/pids; echo busy; wait"
    with pytest.raises(TransientError, match="did not finish") as late:
        SystemCommands().run(["sh", "-c", child], timeout=0.5, inherit_fds=[lock])
    assert late.value.why == "Its last words: busy"
    started = [int(p) for p in (tmp_path / "pids").read_text().split()]
    deadline = time.monotonic() + 3
    while any(map(alive, started)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (len(started), any(map(alive, started))) == (2, False)
    os.close(lock)


def test_a_program_with_a_lock_prints_as_any_other(tmp_path: Path) -> None:
    lock, lines = lock_in(tmp_path), list[str]()
    script = "echo out hunter22; echo err >&2; printf last; exit 3"
    result = SystemCommands().run(
        ["sh", "-c", script], inherit_fds=[lock], redact=["hunter22"], on_line=lines.append, output_cap=12
    )
    assert (result.code, result.stdout, result.stderr) == (3, "out hunter22"[:12].replace("hunter22", "••••"), "err\n")
    assert [line for line in lines if line != "err"] == ["out ••••", "last"]  # two pipes have no order between them
    assert (len(lines), result.truncated) == (3, True)
    os.close(lock)


def test_two_full_pipes_do_not_block() -> None:
    code = "import sys; [(sys.stdout.write('o' * 9999), sys.stderr.write('e' * 9999)) for _ in range(200)]"
    result = SystemCommands().run([sys.executable, "-c", code], timeout=30)
    assert (len(result.stdout), len(result.stderr)) == (1_999_800, 1_999_800)


def test_a_child_left_behind_does_not_hold_the_caller() -> None:
    started = time.monotonic()
    result = SystemCommands().run(["sh", "-c", "echo done; sleep 7 &"], timeout=30)
    assert result.stdout == "done\n"
    assert time.monotonic() - started < 6.5


def test_a_program_that_does_not_read_its_input_is_no_error() -> None:
    assert SystemCommands().run(["true"], stdin=b"x" * 1_000_000).code == 0


def test_which_gives_an_absolute_path() -> None:
    found = SystemCommands().which("sh")
    assert found is not None
    assert found.is_absolute()
