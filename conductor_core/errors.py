"""The errors of Maestro Conductor: each says what happened, why, and what to do next.

    ConductorError
    ├── InputError             the caller sent something that can't be right
    │   └── NotFoundError      it names something that isn't there
    ├── RefusedError           the product says no by one of its own rules
    │   ├── AccessDeniedError  the actor may not do this
    │   └── StateError         the Change is in a state that forbids it
    ├── TransientError         the same call may work later
    │   ├── UnreachableError   an external system did not answer
    │   └── ConflictError      somebody else wrote first
    └── TerminalError          the same call will never work
        ├── ToolError          a program exited with a failure
        ├── PolicyError        the policy bundle can't give a decision
        ├── StorageError       disk, database or evidence can't be read or written
        ├── ConfigurationError a setting is missing or wrong
        │   └── OffError       a system that one can do without isn't configured
        └── LedgerError        the log is inconsistent

Retry or not is the type (TransientError, TerminalError). Doors (UI, CLI, API) print `diagnostics()` and add nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Diagnostics:
    """What a person needs to act on an error; `next` is an act, not a wish."""

    what: str
    why: str
    next: str

    def as_dict(self) -> dict[str, str]:
        """The same three texts under the keys `what`, `why` and `next`."""
        return asdict(self)


NO_CAUSE = "No further cause is known."


class ConductorError(Exception):
    """Root of the tree. `what`: one sentence; `why`: the cause as seen; `next`: the act that mends it."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, what: str, *, why: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why or NO_CAUSE
        self.next = next or "Run `conductor status` and look at the connection that is not healthy."

    def diagnostics(self) -> Diagnostics:
        """What happened, why, and what to do next."""
        return Diagnostics(self.what, self.why, self.next)

    def __str__(self) -> str:
        return self.what if self.why == NO_CAUSE else f"{self.what} {self.why}"


class InputError(ConductorError):
    """The caller sent something that can't be right."""

    exit_code = 2
    http_status = 422


class NotFoundError(InputError):
    """The caller named something that isn't there."""

    http_status = 404


class RefusedError(ConductorError):
    """One of the product's own rules says no."""

    exit_code = 3
    http_status = 409


class AccessDeniedError(RefusedError):
    """The actor may not do this."""

    exit_code = 4
    http_status = 403


class StateError(RefusedError):
    """The Change is in a state that forbids the act."""


class TransientError(ConductorError):
    """The same call may work later: callers may retry."""

    exit_code = 5
    http_status = 503


class UnreachableError(TransientError):
    """An external system did not answer."""


class ConflictError(TransientError):
    """Somebody else wrote first: read again, decide again."""

    http_status = 409


class TerminalError(ConductorError):
    """The same call will never work: callers must not retry."""


class ToolError(TerminalError):
    """A program (helm, git, tofu ...) exited with a failure."""

    http_status = 502


class PolicyError(TerminalError):
    """The policy bundle can't give a decision; whoever asks treats it as a denial."""


class StorageError(TerminalError):
    """Disk, database or evidence can't be read or written."""

    http_status = 507


class ConfigurationError(TerminalError):
    """A setting is missing or wrong."""


class OffError(ConfigurationError):
    """A system that the product can do without isn't configured: nothing is broken."""


class LedgerError(TerminalError):
    """The log is inconsistent; nothing more is written until a person has looked."""
