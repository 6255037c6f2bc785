"""Named PromQL: what a chart of a rollout shows, for each of its versions.

A file of `data/queries/*.promql` has comment lines `# key: value` (title, unit, better: higher or lower) and a query in
which `$namespace`, `$service` and `$hash` stand for the rollout and one of its versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from conductor_core.domain.analysis import Metric, Threshold
from conductor_core.domain.fields import duration
from conductor_core.errors import InputError

_HEAD = re.compile(r"#\s*([a-z]+):\s*(.+)")
_ARGUMENT = re.compile(r"\{\{\s*args\.([A-Za-z0-9_.-]+)\s*\}\}")
_UNSAFE = re.compile(r'["\\\n{}]')
_RANGE = re.compile(r"\[([0-9a-z]+)")
UNITS = ("ratio", "seconds", "count")


@dataclass(frozen=True)
class MetricQuery:
    """One named query. `better` is higher or lower, '' when neither is; `quantile` is that of a latency, else None."""

    name: str
    title: str
    unit: str
    promql: str
    better: str = ""
    quantile: float | None = None
    threshold: Threshold | None = None

    @property
    def window(self) -> float:
        """Over how many seconds one reading looks back: the longest range of the query, 0 without one."""
        return float(max((duration(text) or 0 for text in _RANGE.findall(self.promql)), default=0))

    def filled(self, namespace: str, service: str, template_hash: str) -> str:
        """The query for one version; raises `InputError` for a name that can't stand in a label."""
        given = {"namespace": namespace, "service": service, "hash": template_hash}
        for name, value in given.items():
            if _UNSAFE.search(value):
                raise InputError(f"The {name} {value!r} can't be asked for.", why="It holds quotes or braces.")
        text = self.promql
        for name, value in given.items():
            text = text.replace(f"${name}", value)
        return text


def parse(name: str, text: str) -> MetricQuery:
    """A query file; raises `InputError` that names what is missing."""
    lines = text.splitlines()
    head = {m[1]: m[2].strip() for line in lines if (m := _HEAD.match(line))}
    body = "\n".join(line for line in lines if not line.startswith("#")).strip()
    missing = [key for key in ("title", "unit") if key not in head]
    if missing or not body:
        raise InputError(
            f"data/queries/{name}.promql can't be used.",
            why=f"It has no {', '.join(missing) or 'query'}.",
            next="Begin it with lines `# title: ...` and `# unit: ...`, then the PromQL.",
        )
    if head["unit"] not in UNITS:
        raise InputError(f"The unit of {name} is {head['unit']!r}.", why=f"Units are: {', '.join(UNITS)}.")
    quantile = re.search(r"histogram_quantile\(\s*(0?\.\d+|1)", body)
    return MetricQuery(
        name, head["title"], head["unit"], body, head.get("better", ""), float(quantile[1]) if quantile else None
    )


def discovered(metrics: Iterable[Metric]) -> tuple[MetricQuery, ...]:
    """The queries that AnalysisTemplates hold: the argument that names the version becomes `$hash`.

    A query with other arguments is left out: what they would be is known only to the run.
    """
    out: list[MetricQuery] = []
    for metric in metrics:
        others = {name for name in _ARGUMENT.findall(metric.query) if "hash" not in name}
        if not metric.query or others or not _ARGUMENT.search(metric.query):
            continue
        query = _ARGUMENT.sub("$hash", metric.query)
        quantile = re.search(r"histogram_quantile\(\s*(0?\.\d+|1)", query)
        better = "" if metric.threshold is None else "higher" if metric.threshold.relation in (">", ">=") else "lower"
        unit = "seconds" if quantile else "ratio" if "/" in query else "count"
        out.append(
            MetricQuery(
                metric.name,
                metric.name,
                unit,
                query,
                better,
                float(quantile[1]) if quantile else None,
                metric.threshold,
            )
        )
    return tuple(out)
