"""The embedded policy engine: Rego evaluated by a child process of ours, which may die or hang without harm.

In one process with other native libraries regopy 1.5.2 aborts while it saves a bundle ("free(): invalid size"), and an
evaluation can't be interrupted: hence the child, killed at the deadline and started anew.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from conductor_core.adapters.rego.messages import receive, send
from conductor_core.domain import policies
from conductor_core.domain.policies import Answer, CanonicalInput, PolicyBundle, PolicyDecision, RuleDoc, UndecidedError
from conductor_core.settings import PROJECT_ROOT

ENGINE = "regopy"
START_SECONDS = 20.0
CROWDED = 6
LOOK_SECONDS = 0.25
"""How long the child may take to start on a busy machine."""


class RegoEngine:
    """`PolicyEngine` on regopy. Each family is compiled once per bundle digest. `timeout`: seconds that a decision may
    work, and `CROWDED` times that by the clock: a machine with other work denies nobody.
    """

    def __init__(
        self,
        source: Callable[[], PolicyBundle],
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._source, self._timeout, self._clock = source, timeout, clock
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def decide(self, family: str, input: Mapping[str, Any]) -> PolicyDecision:
        """The decision of `family` on `input`; a failure of any kind is a denial."""
        return policies.decide(ENGINE, family, input, self._source, self._ask, self._clock)

    def families(self) -> tuple[str, ...]:
        """The families of the bundle, sorted."""
        return self._source().families

    def bundle_digest(self) -> str:
        """The digest of the bundle that the next decision would use."""
        return self._source().digest

    def rules(self) -> tuple[RuleDoc, ...]:
        """The documentation of every rule."""
        return self._source().rules

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._drop()

    def _ask(self, bundle: PolicyBundle, family: str, asked: CanonicalInput) -> Answer:
        with self._lock:
            try:
                found = self._ready(bundle).ask(family, asked, self._timeout)
            except _LostError:
                self._drop()
                found = self._once_more(bundle, family, asked)
            except UndecidedError:
                self._drop()
                raise
        if "undecided" in found:
            raise UndecidedError(*found["undecided"])
        return Answer(found["deny"], found["warn"], found["rules"])

    def _once_more(self, bundle: PolicyBundle, family: str, asked: CanonicalInput) -> dict[str, Any]:
        try:
            return self._ready(bundle).ask(family, asked, self._timeout)
        except _LostError as again:
            self._drop()
            why = f"{ENGINE} died twice while it decided {family}."
            raise UndecidedError("engine-died", why, f"Simplify the rules of {family}, or use OPA.") from again

    def _ready(self, bundle: PolicyBundle) -> _Child:
        if self._child is None or not self._child.alive:
            self._drop()
            self._child = _Child()
        self._child.load(bundle)
        return self._child

    def _drop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


class _LostError(Exception):
    """The child died or broke off."""


class _Child:
    """One child process and the thread that reads its answers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "conductor_core.adapters.rego.child"],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._digest = ""
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="rego-answers", daemon=True).start()
        try:
            self._started = self._answers.get(timeout=START_SECONDS) is not None
        except queue.Empty:
            self._started = False

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._started and self._process.poll() is None

    def load(self, bundle: PolicyBundle) -> None:
        """Hand over the bundle unless it has it."""
        if bundle.digest != self._digest:
            self._send({"files": bundle.files})
            self._digest = bundle.digest

    def ask(self, family: str, asked: CanonicalInput, timeout: float) -> dict[str, Any]:
        """One decision; raises `UndecidedError` at the deadline, `_LostError` when the child died."""
        worked, last = self._worked() + timeout, time.monotonic() + timeout * CROWDED
        self._send({"family": family, "input": asked.document})
        while True:
            try:
                answer = self._answers.get(timeout=min(timeout, LOOK_SECONDS))
            except queue.Empty:
                if self._worked() < worked and time.monotonic() < last:
                    continue
                why = f"{ENGINE} had no answer after {timeout:g} s."
                act = f"Simplify the rules of {family}, or shrink the input."
                raise UndecidedError("timeout", why, act) from None
            if answer is None:
                raise _LostError
            return answer

    def _worked(self) -> float:
        """Seconds of CPU that the child has used."""
        try:
            used = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error as gone:
            raise _LostError from gone
        return float(used.user + used.system)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                continue  # what was not yet written has no reader any more

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, message)
        except (OSError, ValueError) as gone:
            raise _LostError from gone

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while (answer := receive(self._process.stdout)) is not None:
                self._answers.put(answer)
        except (OSError, ValueError):
            pass
        self._answers.put(None)
