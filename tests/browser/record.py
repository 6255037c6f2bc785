"""What an auditor does with a finished Change: its proof, questions, a report, and one byte of it flipped."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it has no stubs
from playwright.sync_api import expect

from tests.browser.screen import PATIENCE, Screen

Run = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs `conductor` with these arguments."""


def proved(screen: Screen, change: str, run: Run) -> None:
    """From the Change to the proof of its seal, which the CLI gives too."""
    screen.open("changes", change=change, acting="captain")
    screen.see("facts are in the ledger.")
    screen.see("sealed as")
    screen.settled()
    screen.shot("record-1-change")
    screen.follow("Proof of the sealed record")
    screen.see("The steps lead to the signed root")
    heading = screen.page.get_by_role("heading", name=re.compile(r"Entry \d+: change sealed")).inner_text()
    screen.settled()
    screen.shot("record-2-proof")
    index = heading.split()[1].rstrip(":")
    told = run("ledger", "prove", index, "--json")
    assert told.returncode == 0, told.stderr


def asked(screen: Screen, release: str, folder: Path, run: Run) -> None:
    """Two saved questions and one of one's own, whose answer is taken away as Parquet; the CLI answers the same."""
    screen.open("audit", acting="captain")
    for title in ("Lead time and failure rate by release", "What is not yet sealed"):
        _choose(screen, title)
        screen.see(re.compile(r"\d rows? in \d|No row matches"))
        screen.settled()
    screen.shot("record-3-saved")
    sql = f"SELECT id, state FROM changes WHERE release = '{release}' AND state = 'succeeded' ORDER BY sequence"
    screen.fill("SQL", sql)
    screen.still()
    screen.press("Ask")
    screen.see(re.compile(r"[1-9]\d* rows? in \d"))
    screen.settled()
    screen.shot("record-4-own")
    with screen.page.expect_download(timeout=PATIENCE) as taken:
        screen.press("Parquet")
    taken.value.save_as(folder / "own.parquet")
    rows = pq.read_table(folder / "own.parquet").to_pylist()
    assert rows
    assert {row["state"] for row in rows} == {"succeeded"}
    told = run("audit", "sql", sql, "--json")
    assert [row["id"] for row in rows] == [row[0] for row in json.loads(told.stdout)["rows"]], told.stderr


def reported(screen: Screen, home: Path, run: Run) -> None:
    """A report is made and holds; with one byte flipped page and CLI refuse it; with the byte back it holds again."""
    screen.open("reports", acting="captain")
    screen.press("Make the report")
    screen.see("Made: Changes from")
    screen.press("Verify")
    screen.see("All of it holds.")
    screen.settled()
    screen.shot("record-5-report")
    (report,) = json.loads(run("report", "list", "--json").stdout)["reports"]
    file = home / "reports" / report["id"] / "report.html"
    assert run("report", "verify", str(file)).returncode == 0
    sound = file.read_bytes()
    file.write_bytes(sound[:-9] + bytes([sound[-9] ^ 1]) + sound[-8:])
    screen.press("Verify")
    screen.see("report.html is not the file that was signed")
    expect(screen.page.get_by_text("All of it holds.")).to_have_count(0, timeout=PATIENCE)
    screen.settled()
    screen.shot("record-6-flipped")
    refused = run("report", "verify", str(file))
    assert refused.returncode == 1
    assert "report.html is not the file that was signed" in refused.stderr
    file.write_bytes(sound)
    screen.press("Verify")
    screen.see("All of it holds.")


def _choose(screen: Screen, title: str) -> None:
    box = screen.page.get_by_test_id("stMain").get_by_role("combobox", name="Saved questions")
    box.click()
    screen.page.get_by_role("option", name=title, exact=True).click()
    screen.still()
