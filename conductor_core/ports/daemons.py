"""A read in a daemon thread: a command that has said everything ends, whatever a system still owes it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begun(name: str, read: Callable[[], T]) -> Future[T]:
    """The answer of `read`, which has begun in a thread of that name; its error, when it raises one."""
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(read())
        except BaseException as bad:  # noqa: BLE001  # whoever waits for the answer raises it
            answer.set_exception(bad)

    Thread(target=ask, name=name, daemon=True).start()
    return answer
