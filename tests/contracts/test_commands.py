"""The contract of `CommandRunner`, on the fake and on this machine."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from conductor_core.adapters.system import SystemCommands
from conductor_core.errors import InputError, ToolError, TransientError
from conductor_core.ports.commands import CommandRunner
from tests.fakes.commands import Answer, Call, FakeCommands

SCRIPTS: dict[str, str] = {
    "say": 'for a in "$@"; do printf "%s\\n" "$a"; done',
    "fail": "echo broken >&2; exit 3",
    "mirror": "cat",
    "slow": "sleep 30",
    "loud": "head -c 100000 /dev/zero | tr '\\0' x",
    "tell": 'echo "$WORD"',
}
FUNCTIONS: dict[str, Callable[[Call], Answer]] = {
    "say": lambda c: Answer("".join(f"{a}\n" for a in c.argv[1:]).encode()),
    "fail": lambda c: Answer(stderr=b"broken\n", code=3),
    "mirror": lambda c: Answer(c.stdin),
    "slow": lambda c: Answer(seconds=30),
    "loud": lambda c: Answer(b"x" * 100_000),
    "tell": lambda c: Answer(f"{c.env.get('WORD', '')}\n".encode()),
}


@pytest.fixture(params=["fake", "system"])
def runner(request: pytest.FixtureRequest) -> CommandRunner:
    return FakeCommands(dict(FUNCTIONS)) if request.param == "fake" else SystemCommands()


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for name, body in SCRIPTS.items():
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def test_arguments_reach_the_program_untouched(runner: CommandRunner, programs: Path) -> None:
    odd = ["a b", "$HOME", "; rm -rf /", "`x`", "é"]
    result = runner.run([str(programs / "say"), *odd])
    assert (result.code, result.ok, result.stdout.splitlines()) == (0, True, odd)
    assert result.raw == result.stdout.encode()


def test_an_exit_code_is_a_result(runner: CommandRunner, programs: Path) -> None:
    result = runner.run([str(programs / "fail")])
    assert (result.code, result.ok, result.stderr) == (3, False, "broken\n")


def test_stdin_is_fed(runner: CommandRunner, programs: Path) -> None:
    assert runner.run([str(programs / "mirror")], stdin=b"\x00\xffbytes").raw == b"\x00\xffbytes"


def test_the_environment_is_whole(runner: CommandRunner, programs: Path) -> None:
    env = {"WORD": "mine", "PATH": "/usr/bin:/bin"}
    assert runner.run([str(programs / "tell")], env=env).stdout == "mine\n"


def test_the_deadline_is_an_error_that_may_be_retried(runner: CommandRunner, programs: Path) -> None:
    with pytest.raises(TransientError, match=r"slow did not finish within 0\.3 seconds"):
        runner.run([str(programs / "slow")], timeout=0.3)


def test_output_beyond_the_cap_is_dropped_and_said(runner: CommandRunner, programs: Path) -> None:
    result = runner.run([str(programs / "loud")], output_cap=1000)
    assert (result.truncated, result.ok, len(result.raw)) == (True, False, 1000)


def test_redacted_texts_appear_nowhere(runner: CommandRunner, programs: Path) -> None:
    lines: list[str] = []
    argv = [str(programs / "say"), "the password is hunter22", "fine"]
    result = runner.run(argv, redact=["hunter22"], on_line=lines.append)
    assert lines == ["the password is ••••", "fine"]
    assert "hunter22" not in result.stdout
    assert b"hunter22" not in result.raw


def test_a_missing_program_says_so(runner: CommandRunner) -> None:
    with pytest.raises(ToolError, match="no-such-program could not be started"):
        runner.run(["no-such-program"])
    assert runner.which("no-such-program") is None


@pytest.mark.parametrize("argv", [[], ["say", "a\0b"]])
def test_what_no_program_can_take_is_refused(runner: CommandRunner, argv: list[str]) -> None:
    with pytest.raises(InputError):
        runner.run(argv)
