"""Port of partial writes to single objects of one cluster: what controllers' own command lines do."""

from __future__ import annotations

from typing import Literal, Protocol

from conductor_core.domain.manifests import Kind
from conductor_core.ports.cluster import Object

Style = Literal["merge", "json"]


class ObjectPatches(Protocol):
    """Writes; reads are the port `Cluster`'s. Nothing is retried: whoever writes knows what a second try would mean.

    Errors: those of `Cluster`, and `ConflictError` when `metadata.resourceVersion` in a merge patch is not the present
    one (nothing is written).
    """

    def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: object,
        *,
        style: Style = "merge",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """Apply a patch (RFC 7386 `merge`, RFC 6902 `json`) to an object or its subresource; gives the object as it is
        afterwards, or would be (`dry_run`: the server validates and admits it, and stores nothing). Raises
        `NotFoundError` when it isn't there, `RefusedError` when validation or admission says no.
        """
        ...

    def delete(self, kind: Kind, namespace: str, name: str) -> bool:
        """Delete an object, its dependents in the background; False when it wasn't there."""
        ...
