"""Saved questions: SQL files whose first comments say what they ask (port `QuestionFiles`).

-- title: Who deployed to prod
-- question: Who deployed what to prod in the last days?
-- parameter: days int 7 How many days back
-- chart: bar x=release y=deployments color=state
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from conductor_core.ports.audit_database import Chart, Parameter, Question

_HEADER = re.compile(r"--\s*(title|question|parameter|chart):\s*(.*)")
_PARAMETER = re.compile(r"(\w+)\s+(int|float|text)\s+(\S+)\s*(.*)")
_MOST_BYTES = 100_000


class QuestionFolder:
    """Implements `ports.audit_database.QuestionFiles` over the `.sql` files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> tuple[Sequence[Question], Sequence[str]]:
        """See `QuestionFiles`."""
        found: list[Question] = []
        problems: list[str] = []
        for path in sorted(self._folder.glob("*.sql")):
            try:
                if path.stat().st_size > _MOST_BYTES:
                    raise ValueError(f"it is larger than {_MOST_BYTES:,} bytes")
                found.append(parse(path.stem, path.read_text(encoding="utf-8")))
            except (OSError, ValueError) as bad:
                problems.append(f"{path.name}: {str(bad)[:200]}")
        return found, problems


def parse(name: str, text: str) -> Question:
    """The question in a file; raises `ValueError` that says what is missing or wrong."""
    said: dict[str, list[str]] = {}
    lines = text.strip().splitlines()
    while lines:
        line = lines[0]
        header = _HEADER.fullmatch(line.strip())
        if header:
            said.setdefault(header[1], []).append(header[2].strip())
        elif line.strip().startswith("--") and said.get("question") and "title" in said:
            said["question"][-1] += " " + line.strip().lstrip("-").strip()
        else:
            break
        del lines[0]
    for needed in ("title", "question"):
        if not said.get(needed):
            raise ValueError(f"it has no line `-- {needed}: ...`")
    sql = "\n".join(lines).strip().rstrip(";")
    if not sql or sql.startswith("--"):
        raise ValueError("it has no SQL")
    parameters = tuple(_parameter(line) for line in said.get("parameter", ()))
    chart = _chart(said["chart"][0]) if said.get("chart") else Chart()
    return Question(name, said["title"][0], said["question"][0], sql, parameters, chart)


def _parameter(line: str) -> Parameter:
    found = _PARAMETER.fullmatch(line)
    if not found:
        raise ValueError(f"a parameter is `name kind default help`, not {line[:60]!r}")
    name, kind, default, words = found.groups()
    value: int | float | str = default.strip("'")
    if kind != "text":
        value = int(default) if kind == "int" else float(default)
    return Parameter(name, kind, value, words)


def _chart(line: str) -> Chart:
    kind, *rest = line.split()
    pairs = dict(part.split("=", 1) for part in rest)
    if kind not in ("bar", "line", "scatter", "none") or set(pairs) - {"x", "y", "color"}:
        raise ValueError(f"a chart is `bar|line|scatter x=... y=... color=...`, not {line[:60]!r}")
    return Chart(kind, pairs.get("x", ""), tuple(filter(None, pairs.get("y", "").split(","))), pairs.get("color", ""))
