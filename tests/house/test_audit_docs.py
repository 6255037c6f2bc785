"""What can be asked, and what a report can be about, is found in the documents."""

from conductor_core.domain.audit_model import TABLES, shown
from conductor_core.services.audit import MOST
from conductor_core.services.reports import KINDS
from conductor_core.settings import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


def test_every_table_is_described_and_every_column_has_a_meaning() -> None:
    for table in TABLES:
        assert f"`{table.name}`" in TEXT
        names = [column.name for column in shown(table)]
        assert len(names) == len(set(names))
        assert {"sequence", "ledger_index"} <= set(names)
        assert all(column.help.endswith((".", "...")) or "." in column.help for column in shown(table))


def test_limits_and_kinds_are_told() -> None:
    assert f"{MOST.seconds:.0f} s at most" in TEXT
    assert f"{MOST.rows:,} at most" in TEXT
    for kind in KINDS:
        assert f"--kind {kind}" in TEXT
