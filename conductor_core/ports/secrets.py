"""Port: secrets by name, for what is given as `secret://NAME`."""

from __future__ import annotations

from typing import Protocol


class Secrets(Protocol):
    """Reads secrets; nothing is kept. Whoever asks never writes a value anywhere but into a program's input."""

    def get(self, name: str) -> str:
        """The secret. Raises `NotFoundError` that says where it is looked for, `InputError` for a name that can't be
        one.
        """
        ...
