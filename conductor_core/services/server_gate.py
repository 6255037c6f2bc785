"""The gate `server`: the API server itself says what it would accept, by a server-side dry run of every manifest.

https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from conductor_core.domain.changes import Change
from conductor_core.domain.gates import Reason, Verdict, verdict
from conductor_core.domain.manifests import Kind, kind_of
from conductor_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from conductor_core.ports.cluster import Cluster
from conductor_core.services.planning import Draft

GATE = "server"
AT_ONCE = 8
"""How many dry runs are under way at once."""
LISTED = 4
"""Objects with the same cause that are named before the rest is counted."""


class ServerGate:
    """Asks the API server about each manifest; what it refuses is a denial with its words."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __call__(self, change: Change, draft: Draft) -> list[Verdict]:
        """One verdict; a manifest counts as one rule. Raises `UnreachableError` when the API server does not answer."""
        if not draft.manifests:
            return [verdict(GATE, denials=(), warnings=(), rules_run=1)]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dry-run") as pool:
            asked = pool.map(lambda manifest: self._ask(manifest, draft.arriving), draft.manifests)
            found = [reason for reason in asked if reason is not None]
        return [
            verdict(
                GATE,
                denials=[reason for reason, denies in found if denies],
                warnings=_together([reason for reason, denies in found if not denies]),
                rules_run=len(draft.manifests),
            )
        ]

    def _ask(self, manifest: Mapping[str, Any], arriving: frozenset[Kind]) -> tuple[Reason, bool] | None:
        name = f"{manifest.get('kind', '?')}/{manifest.get('metadata', {}).get('name', '?')}"
        try:
            self._cluster.apply(manifest, dry_run=True, field_manager="helm")
        except ConflictError:
            return None  # Helm's own way of writing takes the fields that another manager has
        except NotFoundError as new:
            text = f"can't be tried yet: {new.why or new.what}"
            return Reason("server/not-yet", text, name, "It is created by this Change."), False
        except (RefusedError, InputError) as no:
            if kind_of(manifest) in arriving and kind_of(manifest) not in self._cluster.kinds():
                text = "can't be tried yet: its definition isn't applied."
                return Reason("server/not-yet", text, name, "It comes with this Change."), False
            return Reason("server/refused", f"{name}: {no.what} {no.why}", name, no.next), True
        return None


def _together(warnings: list[Reason]) -> list[Reason]:
    """One reason for all objects that can't be tried for the same cause."""
    named: dict[tuple[str, str], list[Reason]] = {}
    for reason in warnings:
        named.setdefault((reason.text, reason.clears_by), []).append(reason)
    return [replace(r[0], text=f"{_names([one.path for one in r])} {r[0].text}") for r in named.values()]


def _names(paths: list[str]) -> str:
    return (
        ", ".join(paths)
        if len(paths) < LISTED
        else f"{', '.join(paths[: LISTED - 1])} and {len(paths) - LISTED + 1} more"
    )
