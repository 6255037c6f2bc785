"""The files of the embedded PostgreSQL: pid file, socket, settings and log (see `embedded`).

The pid file's lines are in https://www.postgresql.org/docs/18/storage-file-layout.html (miscadmin.h has the order).
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from conductor_core.errors import ConfigurationError

SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET = 103
"""Bytes of a socket's path that every system takes (Linux 107, macOS 103)."""
LONGEST_LOG = 10 << 20


@dataclass(frozen=True)
class Server:
    """A live server: `ready` is false while it starts or stops."""

    pid: int
    port: int
    socket_folder: Path
    ready: bool


def data_folder(home: Path) -> Path:
    """Where the database is."""
    return home / "postgres"


def log_file(home: Path) -> Path:
    """What the server says."""
    return home / "logs" / "postgres.log"


def live_server(home: Path) -> Server | None:
    """The server that runs on this home's data, or None; a pid file alone proves nothing (after a reboot any process
    may have that number), so the process must also work in the data folder, as PostgreSQL does."""
    data = data_folder(home)
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        pid = int(lines[0])
        if not _works_in(pid, data):
            return None
    except (OSError, ValueError, IndexError):
        return None
    if len(lines) < 8:
        return Server(pid, 0, data, ready=False)
    return Server(pid, int(lines[3]), Path(lines[4]), ready=lines[7].strip() == "ready")


def _works_in(pid: int, data: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).samefile(data)
    except (psutil.Error, OSError):
        return False


def remove_stale_pid(home: Path) -> None:
    """Remove a pid file whose process is gone or is another program; call with the lock held and no live server."""
    (data_folder(home) / "postmaster.pid").unlink(missing_ok=True)


def write_settings(home: Path, user: pwd.struct_passwd | None) -> None:
    """Write the options of the next start; the socket moves to the temporary folder when it doesn't fit here."""
    data = data_folder(home)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": '"' + str(_socket_folder(data, user)).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
    }
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in options.items()]
    _replace(data / "conductor.conf", "\n".join(lines) + "\n", user)
    main = data / "postgresql.conf"
    include = "include = 'conductor.conf'"
    text = main.read_text(encoding="utf-8")
    if include not in text.splitlines():
        _replace(main, f"{text}\n{include}\n", user)


def _replace(path: Path, text: str, user: pwd.struct_passwd | None) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if user is not None:
            os.fchown(file.fileno(), user.pw_uid, user.pw_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _socket_folder(data: Path, user: pwd.struct_passwd | None) -> Path:
    if _fits(data):
        return data
    owner = os.geteuid() if user is None else user.pw_uid
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"conductor-{owner}-{name}"
    if not _fits(folder):
        raise ConfigurationError(
            "The path of the data folder can't hold a socket.",
            why=f"{data} is too long or has a comma, and so is or has the temporary folder {tempfile.gettempdir()}.",
            next="Set CONDUCTOR_HOME or TMPDIR to a shorter path without commas.",
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if user is not None and found.st_uid == 0 and stat.S_ISDIR(found.st_mode):
        os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)
        found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigurationError(
            "The folder of the database's socket is not ours.",
            why=f"{folder} belongs to user {found.st_uid} with mode {stat.filemode(found.st_mode)}.",
            next=f"Remove {folder}, or set CONDUCTOR_HOME to a shorter path.",
        )
    return folder


def _fits(folder: Path) -> bool:
    """True when a socket in that folder can be reached: libpq takes a comma for the end of a host."""
    return len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET and "," not in str(folder)


def let_pass(path: Path, user: pwd.struct_passwd | None) -> None:
    """For root: let the server's user pass through (not list) the folders above `path`."""
    if user is None:
        return
    for folder in path.parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def open_log(home: Path) -> int:
    """A descriptor to append to the log with, which is begun anew after 10 MB (the last one is kept)."""
    path = log_file(home)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.is_file() and path.stat().st_size > LONGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)


def last_words(home: Path) -> str:
    """The server's last complaint in the log, or the empty text; pg_ctl's own only says that there is one."""
    try:
        lines = log_file(home).read_text(encoding="utf-8", errors="replace")[-8192:].splitlines()
    except OSError:
        return ""
    said = (line for line in lines if not line.startswith("pg_ctl:"))
    complaints = [line for line in said if any(word in line for word in ("FATAL:", "PANIC:", "could not"))]
    return complaints[-1] if complaints else ""
