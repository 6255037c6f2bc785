"""The board of pipelines: read once, then kept fresh by Argo CD's stream, never by asking for each Application."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from conductor_core.domain.pipelines import Application, Pipeline, assemble
from conductor_core.errors import ConductorError, Diagnostics
from conductor_core.ports.argocd import ArgoCd

SETS_SECONDS = 15.0
"""How old the ApplicationSets themselves may be; Argo CD has no stream that names their steps."""
LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Board:
    """What is known: the pipelines, and why they may be out of date (None: they are not)."""

    pipelines: tuple[Pipeline, ...]
    stale: Diagnostics | None = None

    @property
    def applications(self) -> tuple[Application, ...]:
        """Every Application of every pipeline."""
        return tuple(a for p in self.pipelines for a in p.applications)


def in_background(work: Callable[[], None]) -> None:
    """Do the work beside everything else, until the process ends."""
    threading.Thread(target=work, name="argocd-stream", daemon=True).start()


class PipelineBoard:
    """`monotonic` in seconds; `sleep` waits before the stream is opened again; `start` lets the follower run. Safe to
    use from many threads.
    """

    def __init__(
        self,
        argocd: ArgoCd,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        start: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self._argocd, self._monotonic, self._sleep, self._start = argocd, monotonic, sleep, start
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Application] = {}
        self._sets: tuple[Pipeline, ...] = ()
        self._sets_at = float("-inf")
        self._listed = False
        self._stale: Diagnostics | None = None
        self._following = False

    def read(self) -> Board:
        """Ask now, once: for commands that end. Raises the errors of `ArgoCd`."""
        return Board(assemble(self._argocd.pipelines(), self._argocd.applications()))

    def live(self) -> Board:
        """What is known now; the first call lists, and starts to follow. Raises the errors of `ArgoCd` until it has
        answered once; afterwards what was known stays, with the reason why it may be old.
        """
        with self._lock:
            if not self._listed:
                self._list()
            if not self._following:
                self._following = True
                self._start(self._follow)
            if self._monotonic() - self._sets_at > SETS_SECONDS:
                self._read_sets()
            return Board(assemble(self._sets, self._known.values()), self._stale)

    def follow_once(self) -> None:
        """Take what the stream brings until it breaks; raises the errors of `ArgoCd.watch`."""
        for event in self._argocd.watch():
            key = (event.application.namespace, event.application.name)
            with self._lock:
                self._stale = None
                if event.gone:
                    self._known.pop(key, None)
                else:
                    self._known[key] = _with_history(event.application, self._known.get(key))

    def _follow(self) -> None:
        pause = 1.0
        while True:
            try:
                self.follow_once()
                pause = 1.0
            except ConductorError as broken:
                with self._lock:
                    self._stale = broken.diagnostics()
            self._sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
            try:
                with self._lock:
                    self._list()
            except ConductorError:
                continue

    def _list(self) -> None:
        found = self._argocd.applications()
        self._known = {(a.namespace, a.name): a for a in found}
        self._sets, self._sets_at = self._argocd.pipelines(), self._monotonic()
        self._listed, self._stale = True, None

    def _read_sets(self) -> None:
        try:
            self._sets = self._argocd.pipelines()
        except ConductorError as broken:
            self._stale = broken.diagnostics()
        self._sets_at = self._monotonic()


def _with_history(new: Application, old: Application | None) -> Application:
    """The stream leaves histories out; what is known of one is kept."""
    if old is None or new.history or not old.history:
        return new
    return Application(**{**vars(new), "history": old.history})
