"""Kubernetes events of an environment's namespaces while an act on it runs, told to those who watch.

They are read every second and a half by a thread of its own: an act that is busy, or waits, tells them all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.operations import Observation
from conductor_core.errors import ConductorError
from conductor_core.ports.cluster import Cluster
from conductor_core.services.environment_objects import EVENT, LABEL, NAMESPACE
from conductor_core.services.operations import Context, Driver, Facts

EVERY = 1.5
"""Seconds between two looks."""
MOST = 300
"""Events that are told of one act; then it is said that there are more."""


@contextmanager
def told(cluster: Cluster, environment: str, say: Callable[[str], None], every: float = EVERY) -> Iterator[None]:
    """Tell every event that is new, until the block ends; a cluster that doesn't answer is asked again, silently."""
    watch = _Watch(cluster, environment, say)
    watch.look(silent=True)  # what is there before the act is known, and not told
    ended = threading.Event()
    thread = threading.Thread(target=watch.run, args=(ended, every), name="events", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10.0)


@dataclass(frozen=True)
class Watched:
    """A driver whose dispatch is accompanied by the events of the environment's namespaces."""

    driver: Driver
    cluster: Cluster

    def prepare(self, context: Context) -> Facts:
        """As the driver."""
        return self.driver.prepare(context)

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """As the driver, and the events are told meanwhile."""
        with told(self.cluster, str(context.change.parameters.get("environment", "")), context.say):
            return self.driver.dispatch(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """As the driver."""
        return self.driver.observe(context, request)


class _Watch:
    def __init__(self, cluster: Cluster, environment: str, say: Callable[[str], None]) -> None:
        self._cluster, self._environment, self._say = cluster, environment, say
        self._known: dict[str, int] = {}
        self._said = 0

    def run(self, ended: threading.Event, every: float) -> None:
        """Look until it ends, and once more."""
        while not ended.wait(every):
            self.look()
        self.look()

    def look(self, *, silent: bool = False) -> None:
        """Tell what is new since the last look."""
        try:
            spaces = self._cluster.objects(NAMESPACE, labels=f"{LABEL}={self._environment}", metadata_only=True)
            found = [e for s in spaces for e in self._cluster.objects(EVENT, s["metadata"]["name"])]
        except ConductorError:
            return
        for event in sorted(found, key=_time):
            uid, count = str(event["metadata"].get("uid") or event["metadata"]["name"]), int(event.get("count") or 1)
            if self._known.get(uid, 0) < count:
                self._known[uid] = count
                if not silent:
                    self._tell(event)

    def _tell(self, event: Mapping[str, Any]) -> None:
        self._said += 1
        if self._said <= MOST:
            self._say(sentence(event))
        elif self._said == MOST + 1:
            self._say("event: there are more; the environment's page has them")


def sentence(event: Mapping[str, Any]) -> str:
    """One event as a line: a warning says so."""
    about = event.get("involvedObject") or {}
    place = f"{event['metadata'].get('namespace', '')}/{about.get('name', '')}"
    word = "event (warning)" if event.get("type") == "Warning" else "event"
    return f"{word}: {about.get('kind', '')} {place} {event.get('reason', '')}: {event.get('message', '')}"[:500]


def _time(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")
