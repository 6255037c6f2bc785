"""What the console says to values and what a plan says to them is the same, by the real tofu."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.tofu import TofuProgram, console
from conductor_core.ports.commands import CommandResult
from tests.contracts.test_tofu import program
from tests.real.conftest import plane  # noqa: F401  # builds the programs that the tests run

POOLS = """variable "pools" {
  type = map(object({nodes = number, cpu = optional(number, 4), zones = optional(set(string), ["b", "a"])}))
  default = {general = {nodes = 2}}
}
"""
RULE = """variable "cidr" {
  type = string
  validation {
    condition     = can(cidrhost(var.cidr, 0))
    error_message = "Write a network."
  }
}
"""
TEXTS = [
    'plain "quoted" \\ back',
    "two\nlines\ttabbed\r",
    "${var.other} %{if}",
    "ünïcode \u00ad \u2028 🌍 <&>",
    "",
    " ",
]
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "defaults": (POOLS, {}),
    "completed": (POOLS, {"pools": {"a": {"nodes": 1}, "b": {"nodes": 2.5, "zones": ["z", "z"]}}}),
    "wrong attribute": (POOLS, {"pools": {"a": {"nodes": "many"}}}),
    "validated": (RULE, {"cidr": "10.0.0.0/16"}),
    "refused": (RULE, {"cidr": "10.0.0.0/99"}),
    "missing": (RULE, {}),
    "left out": (RULE + POOLS, {"cidr": None, "pools": {"a": {"nodes": "many"}}}),
    "unknown value": (RULE, {"cidr": "10.0.0.0/16", "stranger": 1}),
    "sensitive": ('variable "s" {\n  type = string\n  sensitive = true\n}\n', {"s": "secret://x"}),
    "null": ('variable "n" {\n  type = string\n  default = null\n}\n' + POOLS, {}),
    "any": ('variable "x" {\n  default = {}\n}\n', {"x": {"deep": [1, True, None, {"k": "v"}]}}),
    "tuple": ('variable "t" { type = tuple([string, number]) }\n', {"t": ["a", "2"]}),
    "converted": ('variable "n" { type = number }\nvariable "b" { type = bool }\n', {"n": "12", "b": "true"}),
    "large": ('variable "n" { type = number }\n', {"n": 12345678901234567890123}),
    "needs more": (
        'variable "x" {\n  type = string\n  validation {\n    condition = var.x == local.y\n'
        '    error_message = "No."\n  }\n}\n',
        {"x": "1"},
    ),
    "none": ("", {}),
    **{f"text {n}": ('variable "text" { type = string }\n', {"text": text}) for n, text in enumerate(TEXTS)},
}


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("plane")
@pytest.mark.parametrize("case", CASES)
def test_the_console_and_the_plan_agree(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declarations, values = CASES[case]
    tofu = TofuProgram(SystemCommands(), str(program()), tmp_path)
    short = tofu.check(declarations, values)
    for _ in range(3):  # from the third question on by a console that was started ahead
        assert tofu.check(declarations, values) == short
    monkeypatch.setattr(console, "answer", lambda result: None)
    assert tofu.check(declarations, values) == short


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("plane")
def test_values_that_are_right_take_one_run(tmp_path: Path) -> None:
    ran: list[str] = []

    class Counted(SystemCommands):
        def run(self, argv: Any, **more: Any) -> CommandResult:
            ran.append(argv[1])
            return super().run(argv, **more)

    tofu = TofuProgram(Counted(), str(program()), tmp_path)
    assert tofu.check(RULE + POOLS, {"cidr": "10.0.0.0/16"}).values["pools"]["general"]["cpu"] == 4
    assert ran == ["console"]
    assert [p.detail for p in tofu.check(RULE, {"cidr": "10"}).problems] == ["Write a network."]
    assert ran == ["console", "console", "plan"]


OWNER = """
import sys, time
from pathlib import Path
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.tofu import TofuProgram
tofu = TofuProgram(SystemCommands(), sys.argv[1], Path(sys.argv[2]))
for _ in range(2):
    tofu.check('variable "n" { default = 1 }', {})
print("asked", flush=True)
time.sleep(60)
"""


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("plane")
def test_a_console_that_waits_ends_with_whoever_started_it(tmp_path: Path) -> None:
    def waiting() -> list[str]:
        mine = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "cwd").readlink().is_relative_to(tmp_path):
                    mine.append(process.name)
        return mine

    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(program()), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "asked\n"
        assert eventually(lambda: len(waiting()) == 1)
        owner.kill()
    assert eventually(lambda: not waiting())


def eventually(said: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it becomes true within that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if said():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("plane")
def test_what_is_left_out_as_null_keeps_nothing_from_being_judged(tmp_path: Path) -> None:
    size = 'variable "size" {\n  type = number\n  validation {\n    condition = var.size < 9\n'
    size += '    error_message = "At most nine."\n  }\n}\n'
    tofu = TofuProgram(SystemCommands(), str(program()), tmp_path)
    told = tofu.check(RULE + size + POOLS, {"cidr": None, "size": 12}).problems
    assert ("var.size", "At most nine.") in {(p.place, p.detail) for p in told}
    free = 'variable "free" {\n  type = string\n}\n'
    assert tofu.check(free + POOLS, {"free": None}).values["pools"] == {
        "general": {"nodes": 2, "cpu": 4, "zones": ["a", "b"]}
    }


def test_problems_stand_in_the_modules_order_whatever_order_they_come_in(tmp_path: Path) -> None:
    def line(file_line: int, detail: str) -> str:
        place = {"filename": "variables.tf", "start": {"line": file_line, "column": 1}}
        told = {"severity": "error", "summary": "Invalid value for variable", "detail": detail, "range": place}
        return json.dumps({"@level": "error", "type": "diagnostic", "diagnostic": told})

    first, second = line(1, "Write a network."), line(8, "a number is required.")

    class Hasty(SystemCommands):
        def __init__(self, lines: list[str]) -> None:
            super().__init__()
            self.lines = lines

        def run(self, argv: Any, **more: Any) -> CommandResult:
            return CommandResult(1, "\n".join(self.lines), "", 0.1)

    told = [
        TofuProgram(Hasty(lines), "tofu", tmp_path).check(RULE + POOLS, {}).problems
        for lines in ([first, second], [second, first])
    ]
    assert told[0] == told[1]
    assert [p.place for p in told[0]] == ["var.cidr", "var.pools"]


@pytest.mark.parametrize(
    "result",
    [
        CommandResult(1, '"e30="', "", 0.1),
        CommandResult(0, '"e30="', "Warning: something", 0.1),
        CommandResult(0, "(known after apply)\n", "", 0.1),
        CommandResult(0, '"not base64!"', "", 0.1),
        CommandResult(0, "", "", 0.1),
    ],
)
def test_what_is_no_answer_is_left_to_the_plan(result: CommandResult) -> None:
    assert console.answer(result) is None


def test_an_answer_is_read() -> None:
    assert console.answer(CommandResult(0, '"eyJhIjoxLCJiIjpudWxsfQ=="\n', "", 0.1)) == {"a": 1, "b": None}
