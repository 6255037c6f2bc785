"""What a table of the read model is made of: columns with a type and a meaning, and those that every table has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its SQL type and what it says."""

    name: str
    type: str
    help: str


@dataclass(frozen=True)
class Table:
    """One table. `key`: the columns by which a later row replaces an earlier one; empty: rows are only added.

    `stored` is false for a view over another table.
    """

    name: str
    help: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    stored: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)


def columns(text: str) -> tuple[Column, ...]:
    """One column a line: name, type, meaning."""
    lines = [line.split(None, 2) for line in text.splitlines() if line.strip()]
    return tuple(Column(name, kind, words) for name, kind, words in lines)


PLACE = """
sequence BIGINT Place of the event in the outbox; grows, with gaps.
ordinal BIGINT How many events came before it: its index in the ledger once it is sealed.
"""
ABOUT = (
    PLACE
    + """
change_id VARCHAR The Change that it is about.
occurred_at TIMESTAMPTZ When it happened.
"""
)
