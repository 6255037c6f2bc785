"""Port of tofu (or terraform): plans made apart from all that could apply them, and the apply of a saved plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from conductor_core.domain.tofu_events import Problem


@dataclass(frozen=True)
class Workspace:
    """What tofu works on: `files` by path, the `folder` of the root module among them, and whose state it is."""

    environment: str
    folder: str
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class StateMark:
    """Which state it is: a `serial` that grows with each write and the `lineage` that it belongs to; 0 and '' before
    the first write.
    """

    serial: int = 0
    lineage: str = ""

    def __str__(self) -> str:
        return f"{self.serial} {self.lineage}" if self.lineage else "none"


@dataclass(frozen=True)
class State:
    """An environment's state: its mark, the addresses in it, and outputs that are not sensitive."""

    mark: StateMark = StateMark()
    addresses: tuple[str, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    objects: tuple[Mapping[str, Any], ...] = ()
    """The attributes of its Kubernetes manifests that are not sensitive: `kind`, `name`, `namespace`."""


@dataclass(frozen=True)
class Checked:
    """What tofu says to values before any provider is asked: `values` with every default, and what it refuses."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A plan: `document` is `show -json`, `saved` the plan file (it holds secrets in clear), `lock` the provider lock
    file, `state` what it was made on.
    """

    document: Mapping[str, Any]
    saved: bytes
    lock: bytes
    state: StateMark


class Tofu(Protocol):
    """Runs tofu in folders of its own, one a call. State is kept for each environment; nothing else outlives a call
    but the event log of an apply.

    Errors: `ToolError` when tofu says no, with its diagnostics; `ConflictError` when somebody else holds the state's
    lock (who, since when); `UnreachableError` when a provider or backend does not answer; `ConfigurationError` when
    tofu itself can't be used; `TransientError` when it was stopped at its deadline. Nothing is retried. Secrets among
    the values never appear in an error or a line.
    """

    def version(self) -> str:
        """Which program it is, such as `OpenTofu 1.10.10`."""
        ...

    def check(self, declarations: str, values: Mapping[str, Any]) -> Checked:
        """Types, defaults and validations of the variables in the text `declarations` (`variable` blocks only),
        evaluated by tofu itself without provider or state; a condition that needs more than values is passed over.
        """
        ...

    def plan(
        self,
        work: Workspace,
        values: Mapping[str, Any],
        *,
        destroy: bool = False,
        replace: Sequence[str] = (),
        secrets: Sequence[str] = (),
    ) -> Planned:
        """What an apply would do; `replace` names addresses that are made anew in any case.

        It reads state and world with the credentials for planning, writes neither, and holds the state's lock
        meanwhile. Raises `InputError` when a value fails a validation.
        """
        ...

    def apply(
        self,
        work: Workspace,
        saved: bytes,
        digest: str,
        run: str,
        *,
        tell: Callable[[Mapping[str, Any]], None],
        inherit_fds: Sequence[int] = (),
        timeout: float = 3600.0,
        secrets: Sequence[str] = (),
    ) -> None:
        """Apply the saved plan whose SHA-256 is `digest`, as `run`; its events go to `tell` and into a log that
        outlives this process (`told`). tofu goes on to its end when this process is killed.

        Raises `StateError` when the bytes are not those of `digest`, or the state has moved on since the plan.
        """
        ...

    def told(self, environment: str, run: str) -> tuple[str, ...]:
        """The lines of that run's event log so far; empty when it never began."""
        ...

    def state(self, work: Workspace) -> State:
        """The state as it is now; an empty one before the first apply."""
        ...
