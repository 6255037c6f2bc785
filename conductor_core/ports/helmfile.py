"""Port of helmfile: what a helmfile renders to, and the sync that installs its releases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class HelmfileRequest:
    """Which helmfile, for which of its environments. `file` lies in `folder`, which is all that it may read.

    `values` are state values by name; `selectors` choose releases by label, empty: all of them. `digest` names the
    bytes of the folder that must be used; '' takes them as they are.
    """

    folder: Path
    file: str
    environment: str
    values: Mapping[str, Any] = field(default_factory=dict)
    selectors: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True)
class HelmfileRelease:
    """One release that the helmfile installs."""

    name: str
    namespace: str


@dataclass(frozen=True)
class HelmfileRendered:
    """`manifests`: YAML by release, hooks among them; `log`: what helmfile said; `digest`: of the folder's bytes."""

    manifests: Mapping[HelmfileRelease, str]
    log: str
    digest: str


class Helmfile(Protocol):
    """Runs helmfile on a copy of the folder, so that nothing can change under it. Nothing is retried.

    Errors: `ToolError` when helmfile or helm says no or is missing, with its words; `InputError` for a release without
    a namespace, a link or more than 16 MB in the folder; `StateError` when the folder is not that of the digest;
    `TransientError` at the deadline.
    """

    def version(self) -> str:
        """Which program it is, such as `helmfile 1.8.0`."""
        ...

    def digest(self, folder: Path) -> str:
        """`sha256:<hex>` of every byte of the folder, as `render` gives it."""
        ...

    def render(self, request: HelmfileRequest) -> HelmfileRendered:
        """Every chosen release, without a cluster or its credentials. Equal input gives equal output."""
        ...

    def sync(
        self,
        request: HelmfileRequest,
        operation_id: str,
        *,
        say: Callable[[str], None],
        timeout: float = 900.0,
        inherit_fds: Sequence[int] = (),
    ) -> tuple[HelmfileRelease, ...]:
        """Install or upgrade every chosen release, in the order that it needs; gives them. Each new revision carries
        `domain.releases.operation_label(operation_id)`, so that it can be recognised after a crash.
        """
        ...
