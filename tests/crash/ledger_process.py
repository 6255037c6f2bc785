"""A process of its own for crash tests: `append URL NAME COUNT` records events, `seal URL FOLDER` writes the ledger."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

from sqlalchemy import Engine

from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.engine import open_engine
from conductor_core.adapters.postgres.ledger_head import PostgresLedgerRows
from conductor_core.adapters.postgres.seat import PostgresSeat
from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.services.sealing import Sealing
from conductor_core.services.sequencing import Sequencer
from tests.fakes.domain import event

FACTS = 5
"""Events of one transaction, as a transition has them."""
SIGNER = make_signer("example.com/ledger", bytes(range(32)))


def sealing(engine: Engine, folder: Path) -> Sealing:
    """A worker's claim on writing the ledger of this database into this folder."""
    rows = PostgresLedgerRows(engine)
    return Sealing(Sequencer(TileFiles(folder), rows, rows, SIGNER, ed25519), PostgresSeat(engine))


def main(act: str, url: str, where: str, count: str = "0") -> None:
    """Do it; says `ready` when it begins."""
    if act == "append":
        store = PostgresChangeStore(open_engine(url, pool_size=1))
        events = [event(f"evt-{where}-{n:05}", f"chg-{where}") for n in range(int(count))]
        for start in range(0, len(events), FACTS):
            store.record(events[start : start + FACTS])
        return
    logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
    worker = sealing(open_engine(url, pool_size=2), Path(where))
    print("ready", flush=True)
    worker.work(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
