"""The room of DBOS: a durable queue of work on Changes, in schema `dbos` of the product's own PostgreSQL.

`DbosWorkflows` is what the doors use; `serve` is the worker's side. Work is called at least once and the handlers are
idempotent, so that DBOS has one step to remember a workflow. https://docs.dbos.dev/python/tutorials/queue-tutorial

What happens to the work of a worker that died: DBOS leaves it PENDING under the worker's executor id, and that blocks
its target's partition. DBOS takes it up again when a worker with the same executor id launches, and for other ids only
when it is told that they are dead. Here each worker holds an advisory lock of PostgreSQL for its id, which the server
lets go when the worker's connection ends; whoever gets the lock of another id knows that it is dead and takes its work
over. The same lock keeps two living workers from sharing an id, and so from running one another's work.
"""

from __future__ import annotations

from conductor_core.adapters.dbos_workflows.client import DbosWorkflows, migrate
from conductor_core.adapters.dbos_workflows.serving import Serving
from conductor_core.adapters.dbos_workflows.worker import serve

__all__ = ["DbosWorkflows", "Serving", "migrate", "serve"]
