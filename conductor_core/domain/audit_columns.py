"""What a table of the read model is made of: columns with a type and a meaning, and those that every table has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its SQL type and what it says. `words` names the family of a text that has few different values,
    the same for columns that speak of the same things."""

    name: str
    type: str
    help: str
    words: str = ""


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
    """One column a line: name, type, meaning; the type of a text with few different values is `words:family`."""
    lines = [line.split(None, 2) for line in text.splitlines() if line.strip()]
    return tuple(_column(name, *kind.split(":"), help=words) for name, kind, words in lines)


def _column(name: str, kind: str, family: str = "", *, help: str) -> Column:
    return Column(name, "VARCHAR" if family else kind, help, family)


PLACE = """
sequence BIGINT Place of the event in the outbox; grows, with gaps.
ordinal BIGINT How many events came before it: its index in the ledger once it is sealed.
"""
NUMBER = """
change_no BIGINT Number of the Change: the sequence of its first event. Joins on it are quicker than on its id.
"""
ABOUT = (
    PLACE
    + NUMBER
    + """
change_id VARCHAR The Change that it is about.
occurred_at TIMESTAMP When it happened.
tier words:tier Tier of the target of that Change: dev, staging, prod ...
release words:release The Helm release that the Change is about; empty when it is about none.
channel words:channel The channel of the release.
requester words:person Who asked for the Change: issuer|subject.
"""
)
