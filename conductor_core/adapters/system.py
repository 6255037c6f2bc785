"""The room of programs: the one place that starts a process (port `CommandRunner`; security, rule 12)."""

from __future__ import annotations

import builtins
import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from conductor_core.errors import InputError, StorageError, ToolError, TransientError
from conductor_core.ports.commands import OUTPUT_CAP, CommandResult

GRACE_SECONDS = 2.0
MASK = "••••"
_CHUNK = 64 * 1024
_LOOK_SECONDS = 0.1


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
        keep: Path | None = None,
    ) -> CommandResult:
        """See `CommandRunner.run`."""
        program = _checked(argv)
        secrets = sorted({t for t in redact if len(t) >= 4}, key=len, reverse=True)
        started = time.monotonic()
        try:
            outlives = bool(inherit_fds) or keep is not None
            out, err = (_output(outlives, output_cap, secrets, on_line, file) for file in (keep, None))
        except OSError as bad:
            raise StorageError(
                f"There is no room for what {program} prints.",
                why=f"{tempfile.gettempdir()}: {bad.strerror or bad}.",
                next="Free some space there, or point TMPDIR to another volume; then try again.",
            ) from bad
        try:
            process = subprocess.Popen(  # the group outlives no deadline: see _end_group
                list(argv),
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=out.sink,
                stderr=err.sink,
                pass_fds=tuple(inherit_fds),
                start_new_session=True,
            )
        except OSError as bad:
            out.close()
            err.close()
            raise ToolError(
                f"The program {program} could not be started.",
                why=str(bad),
                next=f"Install {program}, or name it in the settings (CONDUCTOR_{program.upper()}); then try again.",
            ) from bad
        out.begin(process.stdout)
        err.begin(process.stderr)
        feeder = threading.Thread(target=_feed, args=(process, stdin), daemon=True)
        feeder.start()
        try:
            _wait(process, max(0.0, timeout))
            # A child left behind may still hold the pipes (git gc): what has been printed by now is the output.
            out.end(GRACE_SECONDS)
            err.end(GRACE_SECONDS)
        except subprocess.TimeoutExpired as late:
            _end_group(process)
            out.end(GRACE_SECONDS)
            err.end(GRACE_SECONDS)
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


class _Output:
    """What one stream prints: the first `cap` bytes are kept, and each line is handed on without the secrets."""

    sink: int | IO[bytes]
    """What the program gets as its stream."""

    def __init__(self, cap: int, secrets: list[str], on_line: Callable[[str], None] | None) -> None:
        self._cap, self._secrets, self._on_line = cap, secrets, on_line
        self._kept = bytearray()
        self._rest = b""
        self._closed = False
        self.truncated = False

    def begin(self, stream: IO[bytes] | None) -> None:
        """The program runs; `stream` is the end to read from, if it got a pipe."""

    def end(self, patience: float) -> None:
        """The program has ended: what it printed is complete, or will be within `patience` seconds."""

    def close(self) -> None:
        """Hand on nothing more."""

    def text(self) -> str:
        return _redacted(bytes(self._kept).decode("utf-8", "replace"), self._secrets)

    def bytes(self) -> bytes:
        raw = bytes(self._kept)
        for secret in self._secrets:
            raw = raw.replace(secret.encode(), MASK.encode())
        return raw

    def _take(self, chunk: builtins.bytes) -> None:
        room = self._cap - len(self._kept)
        self._kept += chunk[:room]
        self.truncated = self.truncated or len(chunk) > room
        self._hand_on(chunk)

    def _hand_on(self, chunk: builtins.bytes) -> None:
        if self._on_line is None or self._closed:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _CHUNK:  # a line without end is handed on in pieces
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._on_line(_redacted(line.decode("utf-8", "replace").rstrip("\r"), self._secrets))

    def _last_line(self) -> None:
        if self._rest:
            self._hand_on(b"\n")


class _Piped(_Output):
    """Output that is read by a thread as it comes; the descriptor is closed when the last writer is gone."""

    sink = subprocess.PIPE
    _thread: threading.Thread | None = None

    def begin(self, stream: IO[bytes] | None) -> None:
        assert stream is not None
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the other end went away
            while chunk := os.read(self._stream.fileno(), _CHUNK):
                self._take(chunk)
        self._last_line()
        if self._closed:
            self._stream.close()

    def end(self, patience: float) -> None:
        if self._thread is not None:
            self._thread.join(patience)

    def close(self) -> None:
        self._closed = True
        if self._thread is not None and not self._thread.is_alive():
            self._stream.close()


class _Filed(_Output):
    """Output of a program that may outlive this process: a file (unlinked, or kept) that is read as it grows.

    A pipe whose reader was killed would end such a program by SIGPIPE in the middle of its act (pipe(7)).
    """

    def __init__(
        self, cap: int, secrets: list[str], on_line: Callable[[str], None] | None, keep: Path | None = None
    ) -> None:
        super().__init__(cap, secrets, on_line)
        self._file: IO[builtins.bytes] = tempfile.TemporaryFile() if keep is None else _kept(keep)  # noqa: SIM115  # closed by `close`
        self.sink = self._file
        self._read, self._ended = os.fstat(self._file.fileno()).st_size, threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def begin(self, stream: IO[builtins.bytes] | None) -> None:
        self._thread.start()

    def _follow(self) -> None:
        last = False
        while True:
            while chunk := os.pread(self._file.fileno(), _CHUNK, self._read):
                self._read += len(chunk)
                self._take(chunk)
            if last:
                return
            last = self._ended.wait(_LOOK_SECONDS)

    def end(self, patience: float) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._last_line()

    def close(self) -> None:
        self._closed = True
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._file.close()


def _kept(path: Path) -> IO[builtins.bytes]:
    """The file, for its owner alone; what it holds already stays."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab+")


def _output(
    outlives: bool, cap: int, secrets: list[str], on_line: Callable[[str], None] | None, keep: Path | None
) -> _Output:
    return _Filed(cap, secrets, on_line, keep) if outlives else _Piped(cap, secrets, on_line)


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


def _wait(process: subprocess.Popen[bytes], timeout: float) -> None:
    """`Popen.wait` without its looks every 50 ms: a program that ends is seen at once (pidfd_open(2), on Linux)."""
    end = time.monotonic() + timeout
    slower = contextlib.suppress(OSError, AttributeError)  # an old kernel, another system
    with slower, os.fdopen(os.pidfd_open(process.pid), "rb", buffering=0) as watch:
        ended = select.poll()
        ended.register(watch, select.POLLIN)
        ended.poll(min(timeout * 1000, 2**31 - 1))
    process.wait(timeout=max(0.0, end - time.monotonic()))


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the group, SIGKILL after the grace: also for children that outlived their parent."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        if sign is signal.SIGTERM:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=GRACE_SECONDS)
    process.wait()
