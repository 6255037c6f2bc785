"""Port of YAML: text of strangers into plain JSON values, with caps (security, rule 15)."""

from __future__ import annotations

from typing import Protocol


class Documents(Protocol):
    """Reads and writes YAML. Scalars are read as Kubernetes reads them: no dates, no base-60 numbers, keys are
    strings.

    Values are dict, list, str, int, float, bool and None. Equal texts give equal values. Pure: nothing is stored,
    nothing is retried.
    """

    def load(self, data: bytes, source: str) -> object:
        """The one document in `data`; None when it is empty. `source` names the file in errors.

        Raises `InputError` with the line for bad YAML, a key given twice, a tag, a text over 16 MB, or aliases that
        expand beyond a million nodes.
        """
        ...

    def load_all(self, text: str, source: str) -> tuple[object, ...]:
        """Every document that isn't empty, in order, as Helm prints manifests; a key given twice counts last.

        The values may be shared between calls: treat them as frozen. Raises `InputError` as `load` does.
        """
        ...

    def lines(self, data: bytes, source: str) -> dict[tuple[str, ...], int]:
        """The line (from 1) of each key in the one document of `data`, by its path of keys; lists aren't entered.
        Raises `InputError` as `load` does.
        """
        ...

    def put(self, data: bytes, path: tuple[str, ...], value: object, source: str) -> bytes:
        """The same text with another value at a path of keys (made where it is missing); comments, order and every
        other value stay. Raises `InputError` as `load` does, and when the place can't be written without touching
        something else (an anchor, a key in a flow mapping).
        """
        ...

    def dump(self, value: object) -> str:
        """`value` as YAML in block style with sorted keys: equal values give equal text."""
        ...
