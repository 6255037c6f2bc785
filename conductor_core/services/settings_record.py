"""Which settings worked when: each process tells what it started with, without secrets (security rule 19)."""

from __future__ import annotations

import logging
import threading

from conductor_core.domain import masking
from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.effective_settings import APPLIED, applied, subject_of
from conductor_core.errors import ConductorError
from conductor_core.ports.change_store import ChangeStore
from conductor_core.services.ledger import Ledger
from conductor_core.services.setting_rows import rows, secrets
from conductor_core.settings import Settings

log = logging.getLogger("settings")
AGAIN_SECONDS = 5.0
"""How soon it is tried again when the record could not be written."""


class SettingsRecord:
    """Tells the record the settings of this process. `version`: of the product."""

    def __init__(self, settings: Settings, store: ChangeStore, ledger: Ledger, mask_key: bytes, version: str) -> None:
        self._settings, self._store, self._ledger, self._version = settings, store, ledger, version
        self._masker = masking.Masker(mask_key, secrets(settings))

    def note(self, process: str) -> bool:
        """Record what this process (worker, api or workbench) started with, if the last of its kind did with something
        else; whether it did. Raises what writing the record raises.
        """
        subject = subject_of(process)
        last = self._store.events(subject, kind=APPLIED, limit=1, newest=True)
        fact = applied(process, self._version, self.told(), last[0].event.data if last else None)
        if fact is not None:
            self._ledger.append([fact], subject, SYSTEM)
        return fact is not None

    def keep(self, process: str, stopping: threading.Event) -> None:
        """`note`, again and again until it worked: a database that isn't up yet keeps no process from starting."""
        while not stopping.is_set():
            try:
                self.note(process)
            except ConductorError as bad:
                log.warning("the settings of this process are not recorded yet: %s %s", bad, bad.next)
                stopping.wait(AGAIN_SECONDS)
            else:
                return

    def told(self) -> dict[str, str]:
        """Each setting and its value; of a secret, and of a value with one in it, a keyed digest instead."""
        return {row.name: self._told(row.name, row.value, secret=row.secret) for row in rows(self._settings)}

    def _told(self, name: str, shown: str, *, secret: bool) -> str:
        if secret:
            value = getattr(self._settings, name.removeprefix("CONDUCTOR_").lower()).get_secret_value()
            return self._masker.fingerprint(value) if value else ""
        hidden = self._masker.text(shown)
        return shown if hidden == shown else f"{masking.show(hidden)} ({self._masker.fingerprint(shown)})"
