"""A worker whose ledger lies in a real S3 store: it ends when the store goes away; the next one goes on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from conductor_core.adapters.signing import ed25519, read_vkeys
from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.events import Fact
from conductor_core.entrypoints.api.app import create_app
from conductor_core.errors import ConductorError, LedgerError
from conductor_core.services.status import Health, Probe, ask
from conductor_core.services.verification import verify
from conductor_core.settings import Settings
from conductor_core.wiring import Conductor, prepare_database, stop_database, wire
from tests.fakes.browser import Browser
from tests.fakes.s3_server import BUCKET, S3Server
from tests.real.test_worker_alone import until

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def settings(s3: S3Server) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="conductor-worker-", dir="/tmp") as name:  # PostgreSQL's user must reach it
        Path(name).chmod(0o755)
        found = Settings(home=Path(name), ledger_url=f"s3://{BUCKET}/{uuid4().hex}")
        prepare_database(found)
        try:
            yield found
        finally:
            stop_database(found)


def work(settings: Settings) -> subprocess.Popen[bytes]:
    environment = os.environ | {"CONDUCTOR_HOME": str(settings.home), "CONDUCTOR_LEDGER_URL": settings.ledger_url}
    argv = [sys.executable, "-m", "conductor_core.entrypoints.worker"]
    with (settings.home / "worker.log").open("ab") as out:
        return subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)


def record(conductor: Conductor, count: int) -> None:
    facts = [Fact("conductor.report.made.v1", {"title": f"{n}"}) for n in range(count)]
    conductor.ledger.append(facts, "rep-01", SYSTEM)


def size(conductor: Conductor) -> int:
    try:
        return conductor.ledger_reader.checkpoint().checkpoint.size
    except ConductorError:
        return -1


def test_a_worker_goes_on_where_the_one_before_lost_its_store(s3: S3Server, settings: Settings) -> None:
    conductor = wire(settings)
    log = (settings.home / "worker.log").read_text
    record(conductor, 700)
    worker = work(settings)
    try:
        until(lambda: size(conductor) >= 700, log)
        before = size(conductor)
        s3.fault = lambda method, path: "500" if method in ("PUT", "GET") else None
        record(conductor, 20)
        until(lambda: worker.poll() is not None, log, 60)
        assert worker.returncode == LedgerError.exit_code
        ended = rf"this worker ends: The ledger's objects can't be (written|pruned)\. {settings.ledger_url}"
        assert re.search(ended, log()), log()
        seen = ask(Probe("ledger", lambda: conductor.ledger_reader.checkpoint().note.encode().decode()))
        assert (seen.health, settings.ledger_url in seen.why) == (Health.DOWN, True)
        s3.fault = None
        worker = work(settings)
        until(lambda: size(conductor) >= before + 20, log)
        assert conductor.ledger_reader.verify().checkpoint.size >= before + 20
        _served(conductor)
    finally:
        worker.kill()
        worker.wait()
        conductor.store._engine.dispose()  # type: ignore[attr-defined]  # a connection that is left open is a warning


def _served(conductor: Conductor) -> None:
    browser = Browser(create_app(conductor))
    keys = read_vkeys(browser.get("/tlog/vkey").text)
    assert verify(browser.tlog("checkpoint"), browser.tlog, keys, ed25519).checkpoint.size >= 720
