"""What the doors ask the store of Changes for, from the words that people use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import State
from conductor_core.errors import InputError
from conductor_core.ports.change_store import ChangeQuery


def plain_text(value: object, where: str = "The text") -> None:
    """Raise `InputError` for NUL characters and halves of characters, at any depth: no store and no page takes them."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise InputError(
            f"{where} can't be stored.", why="It holds a NUL or half a character.", next="Write it in plain UTF-8."
        )
    parts: Iterable[object] = ()
    if isinstance(value, Mapping):
        parts = (*value.keys(), *value.values())
    elif isinstance(value, list | tuple):
        parts = value
    for part in parts:
        plain_text(part, where)


def change_query(
    states: Iterable[str], target: str = "", runbook: str = "", requester: str = "", text: str = "", limit: int = 50
) -> ChangeQuery:
    """The query; a local identity is known by its name. Raises `InputError` for an unknown state."""
    try:
        wanted = frozenset(State(state) for state in states)
    except ValueError as bad:
        known = ", ".join(state.value for state in State)
        raise InputError("There is no such state of a Change.", why=f"{bad}.", next=f"Use {known}.") from bad
    plain_text((target, runbook, requester, text))
    key = LOCAL_ACTORS[requester].key if requester in LOCAL_ACTORS else requester
    return ChangeQuery(wanted, target, runbook, key, text, limit)
