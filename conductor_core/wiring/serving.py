"""What processes of this installation are given: a worker its name and its work, the workbench its cookies' key."""

from __future__ import annotations

import hmac
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from conductor_core.adapters.mask_key import mask_key
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.services.conductor import Conductor
from conductor_core.settings import Settings
from conductor_core.wiring.database import database_url


def cookie_secret(settings: Settings) -> str:
    """What signs the workbench's cookies: the configured one, else one of this installation's own."""
    given = settings.cookie_secret.get_secret_value()
    return given or hmac.digest(mask_key(settings.home), b"maestro-conductor cookies", "sha256").hex()


def settings_digest(settings: Settings) -> str:
    """Tells one set of settings from another without telling them: keyed with this installation's own key."""
    plain = {name: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for name, v in settings}
    return hmac.digest(mask_key(settings.home), canonical_bytes(plain), "sha256").hex()


def worker_name() -> str:
    """A worker's name, the same after a restart, so that it finds the work that it was killed in."""
    return os.environ.get("CONDUCTOR_WORKER_NAME") or socket.gethostname()


@contextmanager
def serve(conductor: Conductor, grace: float) -> Iterator[Callable[[], list[str]]]:
    """Work on the queue, as a worker, until the block ends; what runs then has `grace` seconds. Gives what tells the
    Changes that are worked on.
    """
    from conductor_core.adapters import dbos_workflows

    plan, execute, url = conductor.execution.plan, conductor.execution.execute, database_url(conductor.settings)
    with dbos_workflows.serve(url, plan, execute, executor_id=worker_name(), concurrency=4, grace=grace) as serving:
        yield serving.running
