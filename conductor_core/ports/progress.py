"""Port: how far a long build is, for whoever watches."""

from __future__ import annotations

from typing import Literal, Protocol


class BuildState(Protocol):
    """`done` of `total` programs are there, `current` is being built; `seconds_left` is an estimate, 0 when unknown."""

    @property
    def state(self) -> Literal["idle", "building", "done", "failed"]:
        """Where the build is."""

    @property
    def done(self) -> int:
        """How many programs are there."""

    @property
    def total(self) -> int:
        """How many there will be."""

    @property
    def current(self) -> str:
        """The program that is being built."""

    @property
    def seconds_left(self) -> int:
        """An estimate, in seconds."""

    @property
    def why(self) -> str:
        """Why it failed or rests."""

    @property
    def fraction(self) -> float:
        """How much of the whole is done, from 0 to 1, by weight."""
