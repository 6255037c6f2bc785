"""A comparison confirmed by the API server: each object that would be created or changed, written as a dry run.

What is sent is just the change that was predicted, as a merge patch; the answer is what the server would store after
defaults, validation and admission. https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from conductor_core.domain import projection
from conductor_core.domain.comparison import Pair
from conductor_core.domain.difference import diff, merge_patch, same
from conductor_core.domain.manifests import Identity, Object, kind_of
from conductor_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.object_patches import ObjectPatches

AT_ONCE = 8
MANAGER = "helm"
_NAMED = 4


class DryRuns:
    """Asks; changes nothing. `AccessDeniedError` and `UnreachableError` of the ports go through."""

    def __init__(self, cluster: Cluster, patches: ObjectPatches) -> None:
        self._cluster, self._patches = cluster, patches

    def confirmed(
        self, pairs: Mapping[Identity, Pair], wanted: Mapping[Identity, Object], *, all_fields: bool
    ) -> dict[Identity, Pair]:
        """The pairs, live ones `old`, with what the server would store as `new`; one request an object that differs."""
        differ = {i: p for i, p in pairs.items() if p.new is not None and (p.old is None or not same(p.old, p.new))}
        asked = [i for i, p in differ.items() if p.live]  # hooks are run, not kept
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dry-run") as pool:
            told = pool.map(lambda i: self._ask(i, pairs[i], wanted.get(i), all_fields), asked)
            return {**pairs, **dict(zip(asked, told, strict=True))}

    def _ask(self, identity: Identity, pair: Pair, wants: Object | None, all_fields: bool) -> Pair:
        if wants is None:
            return pair
        try:
            if pair.whole is None:
                return _told(pair, self._created(identity, wants), wants, all_fields)
            whole = projection.served(pair.whole)
            body = merge_patch(whole, projection.overlay(whole, pair.old, pair.new))
            kind = kind_of(pair.whole)
            answer = self._patches.patch(kind, identity.namespace, identity.name, body, dry_run=True)
        except (NotFoundError, InputError) as new:
            return replace(pair, notes=(*pair.notes, f"The server can't be asked yet: {new.what} {new.why}".strip()))
        except (RefusedError, ConflictError) as no:
            refusal = f"Risk: the server refuses it. {no.what} {no.why}".strip()
            return replace(pair, notes=(refusal, *pair.notes), confirmed=False)
        return _told(pair, answer, wants, all_fields)

    def _created(self, identity: Identity, wants: Object) -> Object:
        metadata = dict(wants["metadata"]) | ({"namespace": identity.namespace} if identity.namespace else {})
        return self._cluster.apply({**wants, "metadata": metadata}, dry_run=True, field_manager=MANAGER)


def _moved_on(stored: Object, wants: Object, before: Object | None) -> Object:
    """What the server would store, without what has moved on since the live object was read: no change makes that."""
    if before is None:
        return stored
    metadata = dict(stored["metadata"]) | {k: v for k, v in before["metadata"].items() if k == "resourceVersion"}
    status = {"status": before["status"]} if "status" in before and "status" not in wants else {}
    return {**stored, "metadata": metadata, **status}


def _told(pair: Pair, answer: Object, wants: Object, all_fields: bool) -> Pair:
    """The pair with the server's answer in place of the prediction, and a note on where they differ. What the server
    adds beside (defaults, what admission injects) contradicts nothing.
    """
    expected = wants
    if pair.whole is not None:
        expected = projection.overlay(projection.served(pair.whole), pair.old, pair.new)
    found = projection.project(answer, expected, None)
    places = [e.pointer for e in diff(found.after, found.before)]
    shown = ", ".join(places[:_NAMED]) + (f" and {len(places) - _NAMED} more" if len(places) > _NAMED else "")
    notes = (f"The server would store it otherwise than predicted: {shown}.",) if places else ()
    new = (
        _moved_on(projection.served(answer), wants, pair.old)
        if all_fields
        else projection.project(answer, wants, pair.base).before
    )
    return replace(pair, new=new, notes=(*pair.notes, *notes), confirmed=not places)
