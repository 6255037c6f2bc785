"""A `CommandRunner` whose programs are Python functions: nothing is started, every call is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conductor_core.errors import InputError, ToolError, TransientError
from conductor_core.ports.commands import OUTPUT_CAP, CommandResult


@dataclass(frozen=True)
class Call:
    """One run, as the program would have seen it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes
    cwd: Path | None = None
    inherit_fds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a fake program does: it takes `seconds`, prints, and exits."""

    stdout: bytes = b""
    stderr: bytes = b""
    code: int = 0
    seconds: float = 0.0


Program = Callable[[Call], Answer]


@dataclass
class FakeCommands:
    """Programs by name (the last part of argv[0]); `calls` lists the runs in order."""

    programs: dict[str, Program] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float = 60.0,
        inherit_fds: Sequence[int] = (),
        redact: Sequence[str] = (),
        on_line: Callable[[str], None] | None = None,
        output_cap: int = OUTPUT_CAP,
        keep: Path | None = None,
    ) -> CommandResult:
        if not argv or any("\0" in a for a in argv):
            raise InputError("A command line can't be run.")
        name = Path(argv[0]).name
        if name not in self.programs:
            raise ToolError(f"The program {name} could not be started.")
        call = Call(tuple(argv), dict(env or {}), stdin or b"", cwd, tuple(inherit_fds))
        self.calls.append(call)
        answer = self.programs[name](call)
        if answer.seconds > timeout:
            raise TransientError(f"{name} did not finish within {timeout:g} seconds and was stopped.")
        raw, err = answer.stdout[:output_cap], answer.stderr[:output_cap]
        for secret in redact:
            raw, err = (t.replace(secret.encode(), "••••".encode()) for t in (raw, err))
        stdout, stderr = raw.decode("utf-8", "replace"), err.decode("utf-8", "replace")
        if on_line is not None:
            for line in (stdout + stderr).splitlines():
                on_line(line)
        cut = len(answer.stdout) > output_cap or len(answer.stderr) > output_cap
        return CommandResult(answer.code, stdout, stderr, answer.seconds, raw, cut)

    def which(self, name: str) -> Path | None:
        return Path("/fake/bin") / Path(name).name if Path(name).name in self.programs else None
