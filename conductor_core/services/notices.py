"""Notices of Changes: sent to the messenger as they happen, and listed for the pages."""

from __future__ import annotations

import logging
from collections.abc import Callable

from conductor_core.domain.changes import Change
from conductor_core.domain.notices import Notice, notice_of
from conductor_core.errors import ConductorError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.ports.notices import Messenger


class NoticeService:
    """`messenger` is None when nowhere is configured; `address` is that of the workbench, for links."""

    def __init__(self, store: ChangeStore, messenger: Messenger | None, address: Callable[[], str]) -> None:
        self._store, self._messenger, self._address = store, messenger, address

    def tell(self, change: Change) -> None:
        """Send what is to be told of a Change that has just moved; a messenger that fails is logged, never raised."""
        notice = notice_of(change, self._address())
        if notice is None or self._messenger is None:
            return
        try:
            self._messenger.send(notice)
        except ConductorError as failed:
            logging.warning("notice %s of %s was not sent: %s", notice.kind, change.id, failed)

    def latest(self, limit: int = 50) -> list[Notice]:
        """The newest notices, newest first: the same kinds that are sent."""
        found = (notice_of(change, self._address()) for change in self._store.find(ChangeQuery(limit=limit)))
        return sorted((n for n in found if n is not None), key=lambda n: n.at, reverse=True)
