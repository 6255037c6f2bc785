"""The room of k6: a script run against an address, and its summary read.

Summary: https://grafana.com/docs/k6/latest/results-output/end-of-test/ (`--summary-export`; a threshold is true there
when it was crossed; the form of handleSummary says `{"ok": ...}`).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conductor_core.domain.smoke import Measured
from conductor_core.errors import ToolError
from conductor_core.ports.commands import CommandRunner

TRENDS = "min,med,avg,max,p(90),p(95),p(99)"
CROSSED = 99
"""k6's exit code when a threshold was crossed."""


class K6Program:
    """`LoadProgram` by the k6 program on PATH."""

    def __init__(self, runner: CommandRunner, program: str = "k6") -> None:
        self._runner, self._program = runner, program

    def version(self) -> str:
        """See `LoadProgram.version`."""
        result = self._runner.run([self._program, "version"], timeout=20.0)
        found = re.search(r"v(\d+\.\d+\.\d+)", result.stdout)
        if result.code != 0 or not found:
            raise ToolError("k6 doesn't say which version it is.", why=result.stderr.strip()[-300:])
        return found[1]

    def run(
        self, script: str, address: str, say: Callable[[str], None], timeout: float
    ) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
        """See `LoadProgram.run`."""
        with tempfile.TemporaryDirectory(prefix="conductor-k6-") as folder:
            summary = Path(folder) / "summary.json"
            argv = [self._program, "run", "--quiet", "--no-color", "--no-usage-report"]
            argv += [f"--summary-trend-stats={TRENDS}"]
            argv += [f"--summary-export={summary}", "--env", f"BASE_URL={address}", "--", script]
            result = self._runner.run(argv, timeout=timeout, on_line=say)
            try:
                found = json.loads(summary.read_text(encoding="utf-8"))
            except (OSError, ValueError) as bad:
                raise ToolError(
                    "k6 ended without a summary.",
                    why=f"Exit code {result.code}: {result.stderr.strip()[-500:] or type(bad).__name__}",
                    next="Run the same script by hand with `k6 run`.",
                ) from bad
        measured, problems = read(found)
        if result.code not in (0, CROSSED) or (result.code == CROSSED and not problems):
            problems = (*problems, f"k6 ended with exit code {result.code}")
        return measured, problems


def read(summary: Any) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
    """What a summary measured, and the thresholds that were not kept; raises `ToolError` for another document."""
    metrics = summary.get("metrics") if isinstance(summary, Mapping) else None
    if not isinstance(metrics, Mapping):
        raise ToolError("k6's summary can't be read.", why="It has no `metrics`.", next="Look at k6's version.")
    duration, requests, failed = (_values(metrics, n) for n in ("http_req_duration", "http_reqs", "http_req_failed"))
    count = round(_number(requests, "count"))
    if "passes" in failed:  # of http_req_failed, a pass is a request that failed
        failures = round(_number(failed, "passes"))
    else:
        failures = round(_number(failed, "rate", "value") * count)
    p50, p95, p99, slowest = (
        round(_number(duration, *names)) for names in (("med",), ("p(95)",), ("p(99)",), ("max",))
    )
    crossed = tuple(
        f"{name}: {rule}"
        for name, metric in sorted(metrics.items())
        if isinstance(metric, Mapping) and isinstance(metric.get("thresholds"), Mapping)
        for rule, state in metric["thresholds"].items()
        if (not state.get("ok", False) if isinstance(state, Mapping) else state is True)
    )
    checks = _values(metrics, "checks")
    missed = round(_number(checks, "fails"))
    told = (Measured("http", count, failures, p50, p95, p99, slowest),)
    return told, (*crossed, *((f"checks: {missed} failed",) if missed and not crossed else ()))


def _values(metrics: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    metric = metrics.get(name)
    if not isinstance(metric, Mapping):
        return {}
    values = metric.get("values")
    return values if isinstance(values, Mapping) else metric


def _number(values: Mapping[str, Any], *names: str) -> float:
    found = next((values[n] for n in names if isinstance(values.get(n), int | float)), 0.0)
    return float(found)
