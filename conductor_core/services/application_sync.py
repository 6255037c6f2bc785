"""The sync of one Argo CD Application as a Change: what it would create, bring into step and remove, then one sync.

It is for any Application, also one whose release no channel declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conductor_core.domain.canonical import canonical_bytes, digest_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.comparison import plain
from conductor_core.domain.masking import Masker, secrets_in, show
from conductor_core.domain.operations import Observation
from conductor_core.domain.pipelines import Application
from conductor_core.errors import RefusedError
from conductor_core.ports.argocd import Managed
from conductor_core.services.argo_sync import APPLICATION, ArgoSync
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft

JSON = "application/json"
MOST_NAMED = 8


@dataclass(frozen=True)
class ApplicationSyncPlan:
    """The plan function `application_sync`; `tier_of` gives the tier of a namespace."""

    argo: ArgoSync
    tier_of: Callable[[str], str]
    mask_key: bytes

    def __call__(self, change: Change) -> Draft:
        """What a sync would do. Raises `NotFoundError`, `RefusedError` while a sync runs, and the port's errors."""
        name, namespace = (str(change.parameters.get(key, "")) for key in ("application", "namespace"))
        found = self.argo.argocd.application(name, namespace, refresh=True)
        if found.operation and found.operation.running:
            raise RefusedError(
                f"{name} is being synced right now.",
                why=found.operation.message or found.operation.phase,
                next="Wait for its end, then look whether anything is left to do.",
            )
        managed = self.argo.argocd.resources(name, namespace)
        objects = [dict(m.target) for m in managed if m.target is not None]
        masker = Masker(self.mask_key, secrets_in(objects))
        hidden = [plain(masker.hide(o)) for o in objects]
        created, removed = _named(managed, target=True), _named(managed, target=False)
        facts = {
            APPLICATION: f"{namespace}/{name}" if namespace else name,
            "commit": found.revision,
            "content": digest_bytes(canonical_bytes(hidden)),
            "removes": ", ".join(removed),
        }
        summary = {
            "removes": _told(removed),
            "creates": _told(created),
            "does": f"sync of {name} to {_revision(found)}",
            "now": f"{found.sync}, {found.health}",
        }
        shown = {"creates": created, "removes": removed, "resources": show(hidden)}
        return Draft(
            {"resources.json": (JSON, canonical_bytes(shown))},
            facts,
            summary,
            tuple(objects),
            tier=self.tier_of(found.target_namespace),
        )


@dataclass(frozen=True)
class ApplicationSync:
    """The operation `application_sync`: started once, waited for, and found again by the id that it carries."""

    argo: ArgoSync

    def prepare(self, context: Context) -> Facts:
        """Nothing more than the plan has."""
        return {}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Sync, and wait for the end."""
        return self.argo.dispatch(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """What the Application says about it."""
        return self.argo.observe(context, request)


def _named(managed: tuple[Managed, ...], *, target: bool) -> list[str]:
    """What is wanted and not there, or (not `target`) there and wanted no more; hooks come and go by themselves."""
    found = [m for m in managed if not m.hook and ((m.target, m.live)[target] is None)]
    return sorted(f"{m.kind} {m.namespace}/{m.name}".replace(" /", " ") for m in found if (m.live, m.target)[target])


def _told(named: list[str]) -> str:
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return ", ".join(named[:MOST_NAMED]) + more if named else "nothing"


def _revision(application: Application) -> str:
    source = application.sources[0]
    what = application.revision[:12] or source.target
    return f"{what}, which it follows" if application.automated else what
