"""A `Tofu` in memory: a module is its comments `# resource ADDRESS`, and a state that grows by them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conductor_core.domain.tofu_events import Problem
from conductor_core.errors import ConflictError, InputError, StateError, ToolError
from conductor_core.ports.tofu import Checked, Planned, State, StateMark, Workspace

MARK = "# resource "


@dataclass
class FakeTofu:
    """`locked` names environments whose state somebody holds; `failing` resources whose apply fails; `outputs` are
    what an apply leaves, told by a plan when `known_outputs`. `{name}` in an address stands for a value.
    """

    locked: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    outputs: dict[str, Any] = field(default_factory=dict)
    known_outputs: bool = True
    plans: list[str] = field(default_factory=list)
    applies: list[str] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _states: dict[str, State] = field(default_factory=dict)
    _logs: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def version(self) -> str:
        return "OpenTofu 1.10.10"

    def check(self, declarations: str, values: Mapping[str, Any]) -> Checked:
        return Checked({} if self.problems else {**self.defaults, **values}, tuple(self.problems))

    def plan(
        self,
        work: Workspace,
        values: Mapping[str, Any],
        *,
        destroy: bool = False,
        replace: Sequence[str] = (),
        secrets: Sequence[str] = (),
    ) -> Planned:
        self._free(work.environment)
        self.plans.append(work.environment)
        state = self._state(work.environment)
        values = {**self.defaults, **values}
        wanted = set() if destroy else set(_resources(work, values))
        changes = [_change(a, "create") for a in sorted(wanted - set(state.addresses))]
        changes += [_change(a, "delete") for a in sorted(set(state.addresses) - wanted)]
        kept = wanted & set(state.addresses)
        changes += [_change(a, "no-op") for a in sorted(kept - set(replace))]
        changes += [_replaced(a) for a in sorted(kept & set(replace))]
        act = "no-op" if state.outputs else "create"
        told = {
            k: {"after": v} if self.known_outputs or act == "no-op" else {"after_unknown": True}
            for k, v in self.outputs.items()
        }
        outputs = {k: {"actions": [act], **after} for k, after in told.items()}
        document = {
            "format_version": "1.2",
            "resource_changes": changes,
            "output_changes": {} if destroy else outputs,
            "variables": {k: {"value": v} for k, v in values.items()},
        }
        saved = {
            "wanted": sorted(wanted),
            "mark": [state.mark.serial, state.mark.lineage],
            "nonce": len(self.plans),
            "replace": list(replace),
        }
        return Planned(document, json.dumps(saved).encode(), b"# the provider lock\n", state.mark)

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
        if f"sha256:{hashlib.sha256(saved).hexdigest()}" != digest:
            raise StateError("The saved plan is not the one that was approved.")
        self._free(work.environment)
        with self._lock:
            state, plan = self._state(work.environment), json.loads(saved)
            if [state.mark.serial, state.mark.lineage] != plan["mark"]:
                raise StateError(f"The state of {work.environment} has moved on since the plan.", next="Plan again.")
            self.applies.append(work.environment)
            self._apply(work, plan["wanted"], run, tell, set(plan["replace"]))

    def told(self, environment: str, run: str) -> tuple[str, ...]:
        return tuple(self._logs.get((environment, run), ()))

    def state(self, work: Workspace) -> State:
        return self._state(work.environment)

    def begin(self, environment: str, run: str, *addresses: str) -> None:
        """Leave the log of an apply that broke off after these were sent."""
        self._logs[environment, run] = [_hook("apply_start", a) for a in addresses]

    def _apply(
        self,
        work: Workspace,
        wanted: list[str],
        run: str,
        tell: Callable[[Mapping[str, Any]], None],
        anew: set[str],
    ) -> None:
        log = self._logs.setdefault((work.environment, run), [])

        def say(line: str) -> None:
            log.append(line)
            tell(json.loads(line))

        before = self._state(work.environment)
        kept = {a for a in before.addresses if a in wanted}
        for address in sorted((set(wanted) ^ set(before.addresses)) | (anew & set(wanted))):
            say(_hook("apply_start", address))
            if address in self.failing:
                say(_hook("apply_errored", address))
                bad = {"severity": "error", "summary": f"{address} can't be made", "detail": "The provider says no."}
                say(json.dumps({"type": "diagnostic", "diagnostic": bad}))
                self._write(work.environment, kept)
                raise ToolError(f"tofu apply of {work.environment} failed.", why=f"{address} can't be made.")
            if address in wanted:
                kept.add(address)
            say(_hook("apply_complete", address))
        self._write(work.environment, kept)
        say(json.dumps({"type": "change_summary", "@message": "Apply complete!", "changes": {"operation": "apply"}}))

    def _write(self, environment: str, addresses: set[str]) -> None:
        before = self._state(environment)
        mark = StateMark(before.mark.serial + 1, before.mark.lineage or f"lineage-{environment}")
        self._states[environment] = State(mark, tuple(sorted(addresses)), dict(self.outputs) if addresses else {})

    def _state(self, environment: str) -> State:
        return self._states.get(environment, State())

    def _free(self, environment: str) -> None:
        if environment in self.locked:
            raise ConflictError(
                f"Somebody else works on the state of {environment}.",
                why="OperationTypeApply by eve@host holds its lock since 2026-11-24 10:00:00 UTC (lock 1-2).",
                next="Wait until they have ended.",
            )


def _resources(work: Workspace, values: Mapping[str, Any]) -> list[str]:
    if any("refuse" in str(value) for value in values.values()):
        raise InputError(f"A value of {work.environment} is refused.", why="It fails a validation.")
    own = [data for name, data in work.files.items() if name.startswith(f"{work.folder}/") and name.endswith(".tf")]
    lines = [line for data in own for line in data.decode().splitlines() if line.startswith(MARK)]
    return [line.removeprefix(MARK).format_map(values) for line in lines]


def _replaced(address: str) -> dict[str, Any]:
    change = _change(address, "no-op")
    change["change"] = {**change["change"], "actions": ["delete", "create"]}
    return {**change, "action_reason": "replace_by_request"}


def _change(address: str, act: str) -> dict[str, Any]:
    body = {"name": address}
    before, after = (None if act == "create" else body), (None if act == "delete" else body)
    return {
        "address": address,
        "mode": "managed",
        "type": "thing",
        "change": {"actions": [act], "before": before, "after": after},
    }


def _hook(kind: str, address: str) -> str:
    return json.dumps({"type": kind, "hook": {"resource": {"addr": address}, "action": "create", "elapsed_seconds": 0}})
