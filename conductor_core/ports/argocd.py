"""Port of Argo CD: Applications and ApplicationSets by its API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from conductor_core.domain.pipelines import Application, Pipeline


@dataclass(frozen=True)
class Watched:
    """One event of the stream: `gone` when the Application was deleted."""

    application: Application
    gone: bool = False


@dataclass(frozen=True)
class Managed:
    """One resource of an Application: what Git wants, what runs, both as plain JSON ('' kinds are impossible); None
    for a side that isn't there. `hook` resources are run, not kept.
    """

    group: str
    kind: str
    namespace: str
    name: str
    target: dict[str, object] | None
    live: dict[str, object] | None
    hook: bool = False


class ArgoCd(Protocol):
    """Reads are as fresh as Argo CD's own cache. Reads are tried twice, writes once.

    Errors of every method: `UnreachableError` when it does not answer in time, `ConfigurationError` when its address
    is missing or its token isn't accepted, `AccessDeniedError` when its RBAC says no.
    """

    def applications(self) -> tuple[Application, ...]:
        """Every Application that the token may see, by name, in one request."""
        ...

    def application(self, name: str, namespace: str = "", *, refresh: bool = False) -> Application:
        """One Application with its history; `refresh` has Argo CD compare with Git first. Raises `NotFoundError`.

        Argo CD says "forbidden" for names that aren't there, so that is a `NotFoundError` too. `namespace`: where the
        Application lies, when that isn't Argo CD's own.
        """
        ...

    def pipelines(self) -> tuple[Pipeline, ...]:
        """Every ApplicationSet, by name, without its Applications."""
        ...

    def sync(
        self,
        name: str,
        revision: str,
        operation_id: str,
        *,
        namespace: str = "",
        prune: bool = False,
        dry_run: bool = False,
    ) -> None:
        """Start a sync to a commit, tag or branch ('' is what it follows), once. It carries `operation_id`, so that
        `application(...).operation` tells whether it was ours and what came of it.

        Raises `ConflictError` when another operation runs, `RefusedError` when Argo CD refuses (automated sync with
        another revision, a sync window), `NotFoundError`.
        """
        ...

    def watch(self) -> Iterator[Watched]:
        """What changes from now on, as it changes, by one streaming request; begins with every Application as it is.

        Ends with `UnreachableError` when the stream breaks: list and watch again.
        """
        ...

    def resources(self, name: str, namespace: str = "") -> tuple[Managed, ...]:
        """What Git wants and what runs, resource by resource; secrets are masked by Argo CD. Raises `NotFoundError`."""
        ...
