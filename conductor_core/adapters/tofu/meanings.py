"""What tofu's failures mean: its diagnostics, the error they become, and the act that mends it (words of OpenTofu 1.6
to 1.10 and Terraform 1.x).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from conductor_core.domain.tofu_events import Problem, event, problem
from conductor_core.errors import (
    ConductorError,
    ConfigurationError,
    ConflictError,
    InputError,
    StateError,
    StorageError,
    ToolError,
    UnreachableError,
)
from conductor_core.ports.commands import CommandResult

_LOCK = re.compile(r"^\s*(ID|Operation|Who|Created):\s*(.+?)\s*$", re.MULTILINE)

# (sign in tofu's words, error, what happened, what to do next); the first that matches counts.
_MEANINGS: tuple[tuple[str, type[ConductorError], str, str], ...] = (
    ("Error acquiring the state lock", ConflictError, "Somebody else works on the state of {name}.",
     "Wait until they have ended. If nobody does, release the lock with `tofu force-unlock ID`."),
    ("Saved plan is stale", StateError, "The state of {name} has moved on since the plan.", "Plan again."),
    ("Invalid value for variable", InputError, "A value of {name} is refused.", "Correct the value that is named."),
    ("No value for required variable", InputError, "A value of {name} is missing.", "Give the value that is named."),
    ("Invalid value for input variable", InputError, "A value of {name} is refused.",
     "Correct the value that is named."),
    ("Failed to query available provider packages", ConfigurationError, "A provider of {name} can't be found.",
     "Name a mirror that has it in the CLI configuration (CONDUCTOR_TOFU_CONFIG), or let the worker reach a registry."),
    ("Failed to install provider", ConfigurationError, "A provider of {name} can't be installed.",
     "Look at the mirror or registry in the CLI configuration (CONDUCTOR_TOFU_CONFIG)."),
    ("Could not resolve provider", ConfigurationError, "A provider of {name} is declared nowhere.",
     "Declare it in `required_providers`."),
    ("Inconsistent dependency lock file", ConfigurationError, "The provider lock of {name} doesn't fit its providers.",
     "Run `tofu init -upgrade` in the blueprint and commit the lock file."),
    ("doesn't match any of the checksums", ConfigurationError, "A provider of {name} is not the one that is locked.",
     "Look at where the provider comes from; then plan again."),
    ("Backend initialization required", ConfigurationError, "The backend of {name} can't be used.",
     "Correct CONDUCTOR_TOFU_BACKEND."),
    ("Failed to get existing workspaces", UnreachableError, "The backend of {name} does not answer.",
     "Check the address and credentials of the backend, then try again."),
    ("Error loading state", UnreachableError, "The state of {name} can't be read.", "Check the backend; try again."),
    ("connection refused", UnreachableError, "What {name} is made on does not answer.",
     "Check that the target runs and that its address is right, then try again."),
    ("i/o timeout", UnreachableError, "What {name} is made on does not answer in time.", "Check the network."),
    ("no space left on device", StorageError, "The disk is full.", "Free some space, then try again."),
    ("Resource precondition failed", InputError, "A condition of {name} is not met.", "Correct the value it is about."),
    ("Unsupported OpenTofu Core version", ConfigurationError, "The blueprint of {name} needs another tofu.",
     "Install the version that it asks for, or set CONDUCTOR_TOFU."),
)  # fmt: skip


def problems(lines: Iterable[str]) -> list[Problem]:
    """The errors among the JSON lines that tofu printed."""
    found = (event(line) for line in lines)
    return [problem(e["diagnostic"]) for e in found if e is not None and _is_error(e)]


def _is_error(found: Mapping[str, Any]) -> bool:
    return bool(found["type"] == "diagnostic" and found.get("diagnostic", {}).get("severity") == "error")


def failure(name: str, act: str, result: CommandResult) -> ConductorError:
    """The error that a failed command means; `name` is the environment, `act` the subcommand."""
    told = problems(result.stdout.splitlines())
    words = "; ".join(map(str, told)) or (result.stderr or result.stdout).strip()
    raw = f"{words}\n{result.stdout}\n{result.stderr}"
    for sign, kind, what, act_next in _MEANINGS:
        if sign in raw:
            why = _holder(raw) if kind is ConflictError else words[:2000]
            return kind(what.format(name=name), why=why or words[:2000], next=act_next)
    return ToolError(
        f"tofu {act} of {name} failed.",
        why=words[:2000] or f"It printed nothing; its exit code is {result.code}.",
        next="Mend what it names, then plan again.",
    )


def _holder(words: str) -> str:
    found = dict(_LOCK.findall(words.replace("\\n", "\n").replace('\\"', '"')))
    if not found:
        return ""
    told = f"{found.get('Operation', 'Something')} by {found.get('Who', 'somebody')}"
    since = found["Created"].split(".")[0] + " UTC" if "Created" in found else "some time"
    return f"{told} holds its lock since {since}" + (f" (lock {found['ID']})." if "ID" in found else ".")
