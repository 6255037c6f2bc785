"""What the doors ask the store of Changes for, from the words that people use."""

from __future__ import annotations

from collections.abc import Iterable

from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import State
from conductor_core.errors import InputError
from conductor_core.ports.change_store import ChangeQuery


def change_query(
    states: Iterable[str], target: str = "", runbook: str = "", requester: str = "", text: str = "", limit: int = 50
) -> ChangeQuery:
    """The query; a local identity is known by its name. Raises `InputError` for an unknown state."""
    try:
        wanted = frozenset(State(state) for state in states)
    except ValueError as bad:
        known = ", ".join(state.value for state in State)
        raise InputError("There is no such state of a Change.", why=f"{bad}.", next=f"Use {known}.") from bad
    key = LOCAL_ACTORS[requester].key if requester in LOCAL_ACTORS else requester
    return ChangeQuery(wanted, target, runbook, key, text, limit)
