"""A port whose adapter is made at first use, and made anew when what it is made from has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class _Late:
    def __init__(self, source: Callable[[], Hashable], make: Callable[[Any], object]) -> None:
        self._source = source
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[Hashable, object] | None = None

    def __getattr__(self, name: str) -> object:
        wanted = self._source()
        with self._lock:
            if self._made is None or self._made[0] != wanted:
                self._made = (wanted, self._make(wanted))
            target = self._made[1]
        return getattr(target, name)


def late(source: Callable[[], K], make: Callable[[K], T]) -> T:
    """A stand-in that makes its adapter from `source()` at first use, and whenever that has changed; both may raise."""
    return cast(T, _Late(source, make))
