"""Port of the operating system's programs: the one way in which the product starts a process (security, rule 12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

OUTPUT_CAP = 64 * 1024 * 1024


@dataclass(frozen=True)
class CommandResult:
    """What a program left behind: exit code, output, and how long it ran.

    `raw` is stdout byte for byte, `stdout` and `stderr` are UTF-8 with bad bytes replaced. All three have the
    redacted texts replaced by `••••`. `code` is negative when a signal ended the program. `truncated`: output beyond
    the cap was dropped.
    """

    code: int
    stdout: str
    stderr: str
    seconds: float
    raw: bytes = b""
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Exit code 0 and nothing dropped."""
        return self.code == 0 and not self.truncated


class CommandRunner(Protocol):
    """Starts programs. Nothing is durable or retried: whoever calls decides what a second run would mean."""

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
        """Run `argv` to its end and give what it left; an exit code other than 0 is a result, not an error.

        `argv`: the program (path, or name found on PATH) and its arguments; never a shell. `env`: the *whole*
        environment when given, else this process's own. `timeout`: seconds; then the whole process group gets
        SIGTERM, and SIGKILL 2 s later. `inherit_fds`: descriptors that the program (and its children) keeps open, so
        that a lock on one of them lasts as long as it lives, also when this process is killed. `redact`: texts (4
        characters or more) that never appear in any output. `on_line`: called for each line of stdout and stderr as
        it comes, redacted, from another thread. `keep`: a file to which stdout is appended as it is, unredacted, and
        which stays when this process is killed. Output beyond `output_cap` bytes a stream is read and dropped.

        Raises `ToolError` when the program is missing or can't be started, `TransientError` when it was killed at the
        deadline, `InputError` for an argument that no program can take (a NUL byte).
        """
        ...

    def which(self, name: str) -> Path | None:
        """Absolute path of an executable `name` (a name on PATH, or a path), or None."""
        ...
