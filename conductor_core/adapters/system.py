"""The room of programs: the one place that starts a process (port `CommandRunner`; security, rule 12)."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from conductor_core.errors import InputError, ToolError, TransientError
from conductor_core.ports.commands import OUTPUT_CAP, CommandResult

GRACE_SECONDS = 2.0
MASK = "••••"
_CHUNK = 64 * 1024


class SystemCommands:
    """Runs programs of this machine, each in a process group of its own, so that whatever it started ends with it."""

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
    ) -> CommandResult:
        """See `CommandRunner.run`."""
        program = _checked(argv)
        secrets = sorted({t for t in redact if len(t) >= 4}, key=len, reverse=True)
        started = time.monotonic()
        try:
            process = subprocess.Popen(  # the group outlives no deadline: see _end_group
                list(argv),
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=tuple(inherit_fds),
                start_new_session=True,
            )
        except OSError as bad:
            raise ToolError(
                f"The program {program} could not be started.",
                why=str(bad),
                next=f"Install {program}, or name it in the settings (CONDUCTOR_{program.upper()}); then try again.",
            ) from bad
        assert process.stdout is not None
        assert process.stderr is not None
        out = _Drain(process.stdout, output_cap, secrets, on_line)
        err = _Drain(process.stderr, output_cap, secrets, on_line)
        feeder = threading.Thread(target=_feed, args=(process, stdin), daemon=True)
        feeder.start()
        try:
            process.wait(timeout=max(0.0, timeout))
            # A child left behind may still hold the pipes (git gc): what has been printed by now is the output.
            out.join(GRACE_SECONDS)
            err.join(GRACE_SECONDS)
        except subprocess.TimeoutExpired as late:
            _end_group(process)
            out.join(GRACE_SECONDS)
            err.join(GRACE_SECONDS)
            raise TransientError(
                f"{program} did not finish within {timeout:g} seconds and was stopped.",
                why=_last_line(err.text()) or _last_line(out.text()) or "It printed nothing.",
                next="Look at what it was working on: it may have done part of it. A longer time can be given.",
            ) from late
        except BaseException:
            _end_group(process)
            raise
        finally:
            out.close()
            err.close()
        return CommandResult(
            code=process.returncode,
            stdout=out.text(),
            stderr=err.text(),
            seconds=time.monotonic() - started,
            raw=out.bytes(),
            truncated=out.truncated or err.truncated,
        )

    def which(self, name: str) -> Path | None:
        """See `CommandRunner.which`."""
        found = shutil.which(name) if name and "\0" not in name else None
        return Path(found).absolute() if found else None


class _Drain(threading.Thread):
    """Reads one stream to its end, keeps the first `cap` bytes, and hands each line on without the secrets."""

    def __init__(self, stream: IO[bytes], cap: int, secrets: list[str], on_line: Callable[[str], None] | None) -> None:
        super().__init__(daemon=True)
        self._stream, self._cap, self._secrets, self._on_line = stream, cap, secrets, on_line
        self._kept = bytearray()
        self._rest = b""
        self._closed = False
        self.truncated = False
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the other end went away
            while chunk := os.read(self._stream.fileno(), _CHUNK):
                room = self._cap - len(self._kept)
                self._kept += chunk[:room]
                self.truncated = self.truncated or len(chunk) > room
                self._hand_on(chunk)
        if self._rest:
            self._hand_on(b"\n")
        if self._closed:
            self._stream.close()

    def _hand_on(self, chunk: bytes) -> None:
        if self._on_line is None or self._closed:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _CHUNK:  # a line without end is handed on in pieces
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._on_line(_redacted(line.decode("utf-8", "replace").rstrip("\r"), self._secrets))

    def close(self) -> None:
        """Hand on nothing more; the descriptor is closed when the last writer is gone."""
        self._closed = True
        if not self.is_alive():
            self._stream.close()

    def text(self) -> str:
        return _redacted(bytes(self._kept).decode("utf-8", "replace"), self._secrets)

    def bytes(self) -> bytes:
        raw = bytes(self._kept)
        for secret in self._secrets:
            raw = raw.replace(secret.encode(), MASK.encode())
        return raw


def _checked(argv: Sequence[str]) -> str:
    if not argv or not argv[0] or any("\0" in part for part in argv):
        raise InputError(
            "A command line can't be run.",
            why="It is empty, or an argument holds a NUL byte.",
            next="Correct the name or value that it was made from.",
        )
    return Path(argv[0]).name


def _redacted(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return f"Its last words: {lines[-1][:500]}" if lines else ""


def _feed(process: subprocess.Popen[bytes], stdin: bytes | None) -> None:
    if process.stdin is None or stdin is None:
        return
    with contextlib.suppress(OSError):  # a program may stop reading: its exit code says what that meant
        process.stdin.write(stdin)
    with contextlib.suppress(OSError):
        process.stdin.close()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the group, SIGKILL after the grace: also for children that outlived their parent."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        if sign is signal.SIGTERM:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=GRACE_SECONDS)
    process.wait()
