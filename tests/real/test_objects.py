"""The ledger in a real S3 store over HTTP: it may refuse, lose answers or go away at any request; nothing is lost."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from conductor_core import settings
from conductor_core.adapters.signing import ed25519
from conductor_core.adapters.tile_objects import TileObjects
from conductor_core.entrypoints.cli.main import run
from conductor_core.errors import ConductorError, LedgerError
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.sequencing import Sequencer
from conductor_core.services.status import Health, Probe, ask
from conductor_core.wiring import Conductor
from tests.crash.ledger_writer import SIGNER, entry
from tests.fakes.log_store import MemoryLedgerRows
from tests.fakes.s3_server import BUCKET, Fault, S3Server
from tests.real import verifier_programs
from tests.real.test_verifiers import fsck

pytestmark = pytest.mark.slow

BEFORE, TOTAL = (100, 300, 510), 513
"""The last append does everything at once: it fills a tile, begins others, and prunes."""


@pytest.fixture
def url(s3: S3Server) -> str:
    return f"s3://{BUCKET}/{uuid4().hex}"


def store(url: str) -> TileObjects:
    return TileObjects(url, f"{SIGNER.key.encode()}\n")


def sequencer(url: str, rows: MemoryLedgerRows) -> Sequencer:
    """As a new process would open it."""
    return Sequencer(store(url), rows, rows, SIGNER, ed25519)


def grown(url: str) -> MemoryLedgerRows:
    rows = MemoryLedgerRows()
    writer = sequencer(url, rows)
    writer.start()
    for total in BEFORE:
        rows.put(*(entry(n) for n in range(len(rows.entries), total)))
        writer.step()
    rows.put(*(entry(n) for n in range(BEFORE[-1], TOTAL)))
    return rows


def reader(url: str) -> LedgerReader:
    files = TileObjects(url)
    return LedgerReader(files, lambda: [SIGNER.key], ed25519, widths=files.widths, where=files.where)


def recovered(url: str, rows: MemoryLedgerRows) -> None:
    """Start anew, finish, and look at every entry."""
    head = rows.row
    writer = sequencer(url, rows)
    assert writer.start() == head
    while writer.step():
        pass
    log = reader(url)
    assert log.verify().checkpoint.size == TOTAL
    assert [e.data for e in log.entries(limit=TOTAL)] == [rows.entries[row] for row in rows.placed]
    assert sorted(rows.placed) == list(range(TOTAL)), "none is lost, none is there twice"


def at(first: int, fault: Fault, lasting: bool) -> Callable[[str, str], Fault | None]:
    """Fails one request by its number, or that and all after it."""
    numbers, lock = count(), threading.Lock()

    def judge(_method: str, _path: str) -> Fault | None:
        with lock:
            number = next(numbers)
        return fault if number == first or (lasting and number > first) else None

    return judge


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("fault", ["500", "500 after", "cut", "cut after"])
def test_a_fault_at_each_request_of_an_append(s3: S3Server, url: str, fault: Fault, lasting: bool) -> None:
    first = grown(f"{url}/whole")
    writer = sequencer(f"{url}/whole", first)
    writer.start()
    s3.asked.clear()
    assert writer.step() == TOTAL - BEFORE[-1]
    requests = len(s3.asked)
    assert requests > 8, "a probe, five resources, the checkpoint, listings and deletions"
    failed = 0
    every = 1 if fault == "cut after" and not lasting else 4  # the others differ in a few requests only
    for number in range(0, requests, every):
        where = f"{url}/{number}"
        rows = grown(where)
        writer = sequencer(where, rows)
        writer.start()
        s3.fault = at(number, fault, lasting)
        try:
            assert writer.step() == TOTAL - BEFORE[-1]
            assert len(rows.placed) == TOTAL
        except LedgerError as lost:
            failed += 1
            assert where in lost.why  # noqa: PT017  # once it goes well, after a second attempt
            with pytest.raises(LedgerError, match="not being written"):
                writer.step()
        s3.fault = None
        recovered(where, rows)
    if lasting or fault == "cut after":
        assert failed, "what was written before its answer was lost is met again"


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_a_second_fault_during_the_recovery(s3: S3Server, url: str, lasting: bool) -> None:
    for number in range(0, 24, 3):
        where = f"{url}/{number}"
        rows = grown(where)
        writer = sequencer(where, rows)
        writer.start()

        def away(act: str) -> None:
            if act == "advance":
                raise LedgerError("The process dies before its group is committed.")

        rows.before = away
        with pytest.raises(LedgerError):
            writer.step()
        rows.before = lambda _: None
        s3.fault = at(number, "cut after", lasting)
        again = sequencer(where, rows)
        try:
            again.start()
            again.step()
        except LedgerError as lost:
            assert where in lost.why  # noqa: PT017  # it may also go well
        s3.fault = None
        recovered(where, rows)


def test_of_two_workers_at_once_none_loses_an_entry(url: str) -> None:
    rows = grown(url)
    placing = threading.Lock()
    advance = rows.advance

    def one_at_a_time(*given: object) -> None:
        with placing:
            advance(*given)  # type: ignore[arg-type]  # handed on

    rows.advance = one_at_a_time  # type: ignore[method-assign,assignment]  # what a database does
    for _ in range(20):
        if not rows.queued(2)[1:]:
            break  # whoever came second could find nothing queued, and nothing to fail at
        both = [sequencer(url, rows) for _ in range(2)]
        for one in both:
            one.start()
        together, ended = threading.Barrier(2), list[ConductorError | int]()

        def race(one: Sequencer) -> None:
            together.wait()  # noqa: B023  # this round's
            try:
                ended.append(one.step(1))  # noqa: B023
            except ConductorError as lost:
                ended.append(lost)  # noqa: B023

        threads = [threading.Thread(target=race, args=(one,)) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(1 for end in ended if isinstance(end, LedgerError)) >= 1, "both can't have won"
    assert len(rows.placed) >= TOTAL - 1, "one of two wins sooner or later"
    recovered(url, rows)


def test_fsck_passes_on_a_copy_and_verify_reads_the_url(
    s3: S3Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = grown(url)
    recovered(url, rows)
    monkeypatch.setenv("CONDUCTOR_HOME", str(tmp_path / "empty"))

    def cli(*words: str) -> tuple[int, str]:
        code = run(["ledger", *words], no_conductor)
        said = capsys.readouterr()
        return code, said.out + said.err

    key = SIGNER.key.encode()
    code, said = cli("verify", "--dir", url, "--key", key, "--json")
    assert (code, json.loads(said)["size"]) == (0, TOTAL)
    assert cli("verify", "--dir", url)[0] == 0, "with the key beside it"
    assert cli("export", "--dir", url, "--to", str(tmp_path / "copy"))[0] == 0
    whole, said = fsck(verifier_programs.build(settings.load()), tmp_path / "copy")
    assert whole, said
    assert f"log with size {TOTAL} " in said
    monkeypatch.setenv("CONDUCTOR_LEDGER_URL", url)
    code, said = cli("checkpoint")
    assert (code, url in said) == (0, True)
    TileObjects(url).lay("tile/0/000", bytes(8192))
    code, said = cli("verify", "--dir", url, "--key", key, "--json")
    assert (code, json.loads(said)["index"]) == (1, 0)
    code, said = cli("verify", "--dir", f"s3://no-such-bucket/{uuid4().hex}", "--key", key)
    assert (code, "bucket" in said) == (1, True)


def no_conductor() -> Conductor:
    raise AssertionError("the database must not be asked for")


def test_a_store_that_is_away_is_named_soon(s3: S3Server, url: str) -> None:
    recovered(url, grown(url))
    s3.fault = lambda _method, _path: "cut"
    started = time.monotonic()
    seen = ask(Probe("ledger", lambda: str(reader(url).checkpoint().checkpoint.size)))
    assert time.monotonic() - started < 6, "a probe's deadline"
    assert (seen.health, url in seen.why) == (Health.DOWN, True)
    assert "Look whether the store answers" in seen.next
    rows = MemoryLedgerRows()
    with pytest.raises(LedgerError, match="can't be read"):
        sequencer(url, rows).start()
    assert rows.row is None
