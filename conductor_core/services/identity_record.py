"""Who came, and with which roles: the first time, and whenever the roles are others (security rule 4)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from conductor_core.domain.actors import Actor
from conductor_core.domain.identities import met, subject_of
from conductor_core.errors import ConductorError
from conductor_core.ports.change_store import ChangeStore
from conductor_core.services.ledger import Ledger

log = logging.getLogger("identity")
AGAIN_SECONDS = 30.0
"""How long a record that could not be written is left alone: no page waits for a database that hangs."""


class IdentityRecord:
    """Tells the record who came; what it knows already costs nothing."""

    def __init__(self, store: ChangeStore, ledger: Ledger, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._ledger, self._monotonic = store, ledger, monotonic
        self._again = 0.0
        self._known: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def meet(self, actor: Actor) -> None:
        """Record what is new about this identity.

        Never raises: a record that can't be written lets people read on, and it refuses their acts itself; whoever
        comes later is told then.
        """
        roles = frozenset(role.value for role in actor.roles)
        with self._lock:
            if self._known.get(actor.key) == roles or self._monotonic() < self._again:
                return
            try:
                fact = met(actor, self._before(actor))
                if fact is not None:
                    self._ledger.append([fact], subject_of(actor), actor)
            except ConductorError as bad:
                self._again = self._monotonic() + AGAIN_SECONDS
                log.warning("that %s came is not recorded yet: %s %s", actor.key, bad, bad.next)
            else:
                self._known[actor.key] = roles

    def _before(self, actor: Actor) -> frozenset[str] | None:
        last = self._store.events(subject_of(actor), limit=1, newest=True)
        if not last:
            return None
        roles = last[0].event.data.get("roles")
        return frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()
