"""The page of reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.report_files import ReportFiles
from conductor_core.adapters.report_pages import ReportPages
from conductor_core.adapters.signing import ed25519
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.report_schedules import ReportSchedules
from conductor_core.services.reports import ReportService, Wanted
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.ledger import SIGNER, MemoryLedgerIndex
from tests.fakes.log_store import MemoryLedgerRows, MemoryLogStore
from tests.pages.drive import open_page, press, seen
from tests.pages.support import TickingClock
from tests.pages.worlds import full


@pytest.fixture
def world(tmp_path: Path) -> Any:
    conductor: Any = full()
    index = MemoryLedgerIndex(conductor.store, MemoryLedgerRows())
    reader = LedgerReader(MemoryLogStore(), lambda: [SIGNER.key], ed25519, index)
    pages, kept = ReportPages(PROJECT_ROOT / "data" / "report_templates"), ReportFiles(tmp_path)
    clock = TickingClock()
    clock.new_id = lambda prefix: f"{prefix}-01KB{len(list(tmp_path.iterdir())):022d}"  # type: ignore[method-assign]  # as ULIDs are written
    conductor.reports = ReportService(
        conductor.store, conductor.operations, reader, conductor.ledger, pages, kept, lambda: SIGNER, ed25519, clock,
        b"m" * 32,
    )  # fmt: skip
    conductor.report_schedules = ReportSchedules("", conductor.reports, clock)
    conductor.kept = tmp_path
    return conductor


def submit(at: Any) -> None:
    """Press the form's button; what was chosen in it is sent with it."""
    button = next(button for button in at.button if button.label == "Make the report")
    button.click().run()
    assert not at.exception


def test_empty_says_how_to_fill_it(world: Any) -> None:
    text = seen(open_page(world, "reports"))
    assert "No report was made yet." in text
    assert "New report" in text


def test_making_one_lists_it_with_its_files(world: Any) -> None:
    at = open_page(world, "reports", "captain")
    at.multiselect(key="report_formats").set_value(["html"])
    submit(at)
    text = seen(at)
    assert "Changes from" in text
    assert "by captain" in text
    assert len(at.get("download_button")) == 2


def test_a_kind_without_its_subject_is_refused_with_what_to_do(world: Any) -> None:
    at = open_page(world, "reports")
    at.segmented_control(key="report_kind").set_value("release").run()
    submit(at)
    assert "A report of the kind release needs --release." in seen(at)
    at.selectbox(key="report_release").select("intelgraph")
    at.multiselect(key="report_formats").set_value([])
    submit(at)
    assert "Release intelgraph" in seen(at)


def test_one_change(world: Any) -> None:
    at = open_page(world, "reports")
    at.segmented_control(key="report_kind").set_value("change").run()
    change = next(c for c in world.changes.find() if c.state.value == "failed")
    at.selectbox(key="report_change").select(change.id)
    submit(at)
    assert f"Change: {change.title}" in seen(at)


def test_verify_says_what_holds_and_a_flipped_byte_is_refused(world: Any) -> None:
    made = world.reports.create(world.actor("captain"), Wanted("release", release="intelgraph", formats=("html",)))
    at = press(open_page(world, "reports"), f"verify_{made.id}")
    assert "All of it holds." in seen(at)
    assert "report.html is the file that was signed" in seen(at)
    path = world.kept / made.id / "report.html"
    data = bytearray(path.read_bytes())
    data[700] ^= 1
    path.write_bytes(bytes(data))
    at = press(open_page(world, "reports"), f"verify_{made.id}")
    assert "The report does not hold." in seen(at)
    assert "report.html is not the file that was signed" in seen(at)


def test_what_is_made_by_itself_is_listed(world: Any) -> None:
    assert "CONDUCTOR_REPORT_SCHEDULES" in seen(open_page(world, "reports"))
    world.report_schedules = ReportSchedules("month; day environment=prod", world.reports, TickingClock())
    text = seen(open_page(world, "reports"))
    assert "day environment=prod" in text
    assert "nothing to report" in text
