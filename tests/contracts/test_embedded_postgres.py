"""The embedded PostgreSQL: one server for every process of a home, whatever an earlier start left behind."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from alembic.script import ScriptDirectory

from conductor_core.adapters.postgres import embedded, server_files
from conductor_core.adapters.postgres.engine import MIGRATIONS
from conductor_core.errors import ConfigurationError, StorageError
from tests.fakes.small_volume import ROOT, SmallVolume

pytestmark = pytest.mark.postgres
NEWEST = ScriptDirectory(str(MIGRATIONS)).get_current_head()


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path, because sockets have to fit into it."""
    folder = Path(tempfile.mkdtemp(prefix="conductor-home-"))
    yield folder
    for lock in folder.glob("**/run/postgres.lock"):
        embedded.stop(lock.parents[1])
    shutil.rmtree(folder)


@pytest.fixture
def home(place: Path) -> Path:
    return place / "home"


def answer(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_database() || ' ' || current_setting('listen_addresses')").fetchone()
    assert row is not None
    return str(row[0])


def test_it_starts_once_listens_nowhere_and_stops(home: Path) -> None:
    assert embedded.running(home) == ""
    url = embedded.start(home)
    assert answer(url) == "conductor "
    live = server_files.live_server(home)
    assert live is not None
    assert embedded.start(home) == embedded.running(home) == url
    assert server_files.live_server(home) == live
    embedded.stop(home)
    embedded.stop(home)
    assert embedded.running(home) == ""
    assert server_files.live_server(home) is None
    with pytest.raises(psycopg.OperationalError):
        answer(url)
    assert answer(embedded.start(home)) == "conductor "


def test_stopping_what_never_ran_makes_nothing(place: Path) -> None:
    embedded.stop(place / "none")
    assert not (place / "none").exists()


def test_nobody_else_may_enter(home: Path) -> None:
    embedded.start(home)
    assert stat.S_IMODE((home / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE(server_files.log_file(home).stat().st_mode) == 0o600
    for folder in (home, home / "run", home / "logs"):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o066 == 0
    server = server_files.live_server(home)
    assert server is not None
    assert psutil.Process(server.pid).uids().effective != 0


def test_processes_that_start_at_once_share_one_server(home: Path) -> None:
    program = "import sys; from pathlib import Path; from conductor_core.adapters.postgres import embedded, engine\n"
    program += "url = embedded.start(Path(sys.argv[1])); engine.migrate(url); print(url)\n"
    starts = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, str(home)],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k != "XDG_RUNTIME_DIR"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = [start.communicate(timeout=120) for start in starts]
    assert {errors for _, errors in said} == {""}
    assert {output.strip() for output, _ in said} == {embedded.running(home)}
    with psycopg.connect(embedded.running(home)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]


def test_it_outlives_the_process_that_started_it(home: Path) -> None:
    program = "import os, sys; from pathlib import Path; from conductor_core.adapters.postgres import embedded\n"
    program += "embedded.start(Path(sys.argv[1])); os.killpg(0, 9)\n"
    subprocess.run([sys.executable, "-c", program, str(home)], cwd=ROOT, start_new_session=True, check=False)
    assert answer(embedded.running(home)) == "conductor "


@pytest.mark.parametrize("whose", ["nobody's", "this process's"])
def test_a_stale_pid_file_is_no_server(home: Path, whose: str) -> None:
    url = embedded.start(home)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    pid_file = home / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded.stop(home)
    lines[0] = str(os.getpid() if whose == "this process's" else 2**22 - 1)
    pid_file.write_text("\n".join(lines) + "\n")
    assert embedded.running(home) == ""
    assert embedded.start(home) == url
    with psycopg.connect(url) as connection:
        connection.execute("SELECT n FROM kept")


@pytest.mark.parametrize("text", ["", "\n", "x\ny\n", "12"])
def test_a_damaged_pid_file_is_no_server(home: Path, text: str) -> None:
    url = embedded.start(home)
    embedded.stop(home)
    (home / "postgres" / "postmaster.pid").write_text(text)
    assert embedded.start(home) == url


def test_a_server_that_was_killed_recovers_what_was_committed(home: Path) -> None:
    url = embedded.start(home)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    server = server_files.live_server(home)
    assert server is not None
    killed = psutil.Process(server.pid)
    family = [killed, *killed.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)
    assert embedded.running(home) == ""
    with psycopg.connect(embedded.start(home)) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_children_that_outlive_a_killed_server_are_waited_for(home: Path) -> None:
    embedded.start(home)
    server = server_files.live_server(home)
    assert server is not None
    killed = psutil.Process(server.pid)
    child = next(c for c in killed.children() if c.name() and c.status() != psutil.STATUS_ZOMBIE)
    child.suspend()  # it can't notice that its parent is gone
    killed.kill()
    psutil.wait_procs([killed], timeout=10)
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(embedded.start, home)
        while "still in use" not in server_files.last_words(home) and not started.done():
            time.sleep(0.02)
        child.resume()
        assert answer(started.result(60)) == "conductor "


def test_a_start_that_was_killed_half_way_is_begun_anew(home: Path) -> None:
    (home / "postgres.new" / "base").mkdir(parents=True)
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    assert answer(embedded.start(home)) == "conductor "
    assert not (home / "postgres.new").exists()


@pytest.mark.parametrize("name", ['it\'s $(touch oops) "q" `x`, é', "n" * 120])
def test_odd_and_long_paths(place: Path, name: str) -> None:
    url = embedded.start(place / name)
    assert answer(url) == "conductor "
    server = server_files.live_server(place / name)
    assert server is not None
    assert len(os.fsencode(server.socket_folder / server_files.SOCKET_NAME)) <= server_files.LONGEST_SOCKET
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    assert not list(place.glob("**/oops"))
    embedded.stop(place / name)
    if server.socket_folder != place / name / "postgres":
        server.socket_folder.rmdir()


def test_a_path_too_long_for_any_socket_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / ("t" * 100)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place / ("t" * 100)))
    with pytest.raises(ConfigurationError, match="can't hold a socket") as raised:
        embedded.start(place / ("n" * 120))
    assert "CONDUCTOR_HOME" in raised.value.next


def test_a_socket_folder_of_somebody_else_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    home = place / ("n" * 120)
    embedded.start(home)
    embedded.stop(home)
    (socket_folder,) = place.glob("conductor-*")
    socket_folder.chmod(0o777)
    with pytest.raises(ConfigurationError, match="is not ours"):
        embedded.start(home)
    socket_folder.rmdir()
    socket_folder.symlink_to(place)
    with pytest.raises(ConfigurationError, match="is not ours"):
        embedded.start(home)


def test_homes_that_can_not_be_used(place: Path) -> None:
    (place / "file").write_text("")
    old = place / "old" / "postgres"
    old.mkdir(parents=True)
    (old / "PG_VERSION").write_text("16\n")
    for bad, words in (
        (place / "file", "can't be used"),
        (place / "a\nb", "a name"),
        (place / "old", "another version"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            embedded.start(bad)


def test_damaged_data_is_said_with_the_servers_own_words(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    (home / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(StorageError) as raised:
        embedded.start(home)
    assert "pg_control" in raised.value.why
    assert "postgres.log" in raised.value.next


def test_a_long_log_is_begun_anew(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    server_files.log_file(home).write_bytes(b"x" * (server_files.LONGEST_LOG + 1))
    embedded.start(home)
    assert server_files.log_file(home).stat().st_size < 1 << 20
    assert (home / "logs" / "postgres.log.1").stat().st_size > server_files.LONGEST_LOG


def test_no_room_for_a_database_is_said_before_it_is_made(small_volume: SmallVolume) -> None:
    said = small_volume(
        "60m",
        """
        from conductor_core.adapters.postgres import embedded
        from conductor_core.errors import StorageError

        try:
            embedded.start(volume)
        except StorageError as full:
            print(full.why)
        assert not list(volume.glob("postgres*"))
        """,
    )
    assert "MB free; a new database needs 128 MB." in said


def test_a_volume_that_fills_up_loses_no_acknowledged_change(small_volume: SmallVolume) -> None:
    said = small_volume(
        "140m",
        """
        from conductor_core.adapters.postgres import embedded
        from conductor_core.adapters.postgres.change_store import PostgresChangeStore
        from conductor_core.adapters.postgres.engine import migrate, open_engine
        from conductor_core.errors import ConductorError
        from conductor_core.ports.change_store import ChangeQuery
        from tests.fakes.domain import change, event
        import os, shutil, time

        url = embedded.start(volume)
        migrate(url)
        engine = open_engine(url)
        store = PostgresChangeStore(engine)
        with open(volume / "ballast", "wb") as ballast:
            ballast.write(bytes(shutil.disk_usage(volume).free - (6 << 20)))
        kept, refused = [], []
        for n in range(400):
            try:
                words = os.urandom(40_000).hex()
                store.create(change(f"chg-{n}", reason=words), [event(f"evt-{n}", f"chg-{n}")])
                kept.append(f"chg-{n}")
            except ConductorError as full:
                refused.append(type(full).__name__)
                print(refused[-1], full.why)
                if len(refused) == 3:
                    break
        assert kept and refused, (len(kept), refused)
        (volume / "ballast").unlink()
        engine.dispose()
        url = embedded.start(volume)
        store = PostgresChangeStore(engine := open_engine(url))
        for _ in range(100):
            try:
                found = {each.id for each in store.find(ChangeQuery(limit=1000))}
                break
            except ConductorError:
                time.sleep(0.1)
        assert set(kept) <= found, set(kept) - found
        assert {row.event.subject for row in store.events(limit=10_000)} == found
        store.create(change("chg-after"), [event("evt-after", "chg-after")])
        engine.dispose()
        embedded.stop(volume)
        """,
    )
    assert "StorageError" in said or "UnreachableError" in said
