"""Waves as a person edits them: the steps in a chart's values (`rollout.steps`), checked, and what each does.

Each step belongs to a wave (canary, baseline, full) and does one thing: weight (percent), pause (a duration, or until a
person promotes), analysis or experiment (names of templates). `helm/intelgraph/templates/rollout.yaml` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.fields import duration
from conductor_core.errors import InputError

WAVES = ("canary", "baseline", "full")
KINDS = ("weight", "pause", "analysis", "experiment")
PATH = ("rollout", "steps")
STABLE_TAG = ("rollout", "stableTag")


@dataclass(frozen=True)
class WaveStep:
    """One step. `duration` is '' for a pause that waits for a person; `replicas` are those of an experiment."""

    wave: str
    kind: str
    weight: int = 0
    duration: str = ""
    templates: tuple[str, ...] = ()
    replicas: int = 1

    def as_values(self) -> dict[str, Any]:
        """The step as the chart reads it."""
        body: Any = {
            "weight": self.weight,
            "pause": {"duration": self.duration} if self.duration else {},
            "analysis": {"templates": list(self.templates)},
            "experiment": {"duration": self.duration, "replicas": self.replicas, "templates": list(self.templates)},
        }[self.kind]
        return {"wave": self.wave, self.kind: body}


def steps_of(raw: object) -> tuple[WaveStep, ...]:
    """The steps in values; raises `InputError` that names the step which can't be read."""
    if not isinstance(raw, list) or not raw:
        raise InputError("There are no steps.", why=f"rollout.steps is {raw!r}.", next="Give at least one step.")
    return tuple(_step(at, step) for at, step in enumerate(raw, 1))


def check(steps: Iterable[WaveStep], templates: Iterable[str] | None = None) -> tuple[WaveStep, ...]:
    """The same steps; raises `InputError` for the first thing that would not work.

    `templates`: the names that the chart has, None: not known.
    """
    found, known, last = tuple(steps), None if templates is None else set(templates), 0
    for at, step in enumerate(found, 1):
        if step.kind == "weight" and not last <= step.weight <= 100:
            why = "Weights are percent of the users and never fall."
            raise _bad(at, f"its weight is {step.weight} after {last}", why)
        last = step.weight if step.kind == "weight" else last
        if step.kind in ("pause", "experiment") and step.duration and duration(step.duration) is None:
            raise _bad(at, f"its duration is {step.duration!r}", "Durations look like 30s, 5m or 1h30m.")
        if step.kind == "experiment" and not step.duration:
            raise _bad(at, "its experiment has no duration", "It would never end.")
        if step.kind in ("analysis", "experiment"):
            missing = sorted(set(step.templates) - known) if known is not None else []
            if not step.templates or missing:
                why = f"Known templates: {', '.join(sorted(known or ())) or 'none'}."
                raise _bad(at, f"its templates are {', '.join(step.templates) or 'none'}", why)
    order = [WAVES.index(s.wave) for s in found]
    if order != sorted(order):
        raise InputError(
            "The waves are out of order.",
            why=f"They are {', '.join(s.wave for s in found)}.",
            next="Order the steps as canary, baseline, full.",
        )
    if not found or found[-1].kind != "weight" or found[-1].weight != 100:
        raise InputError("The rollout never gets full.", why="Its last step is not the weight 100.", next="Add it.")
    return found


def _step(at: int, raw: object) -> WaveStep:
    if not isinstance(raw, Mapping):
        raise _bad(at, f"it is {raw!r}", "A step is a mapping.")
    kinds = [k for k in KINDS if k in raw]
    unknown = sorted(set(raw) - {"wave", *KINDS})
    wave = raw.get("wave", "canary")
    if len(kinds) != 1 or unknown or wave not in WAVES:
        has = ", ".join(sorted(map(str, raw)))
        why = f"It has {has}; it takes wave ({', '.join(WAVES)}) and one of {', '.join(KINDS)}."
        raise _bad(at, "it can't be read", why)
    kind, body = kinds[0], raw[kinds[0]]
    if kind == "weight":
        if not isinstance(body, int) or isinstance(body, bool):
            raise _bad(at, f"its weight is {body!r}", "A weight is a whole number of percent.")
        return WaveStep(str(wave), kind, weight=body)
    if not isinstance(body, Mapping):
        raise _bad(at, f"its {kind} is {body!r}", "It is a mapping.")
    names = body.get("templates", [])
    replicas = body.get("replicas", 1)
    if not isinstance(names, list) or not isinstance(replicas, int):
        raise _bad(at, f"its {kind} is {dict(body)!r}", "`templates` is a list, `replicas` a whole number.")
    return WaveStep(str(wave), kind, 0, str(body.get("duration", "")), tuple(str(n) for n in names), replicas)


def _bad(at: int, what: str, why: str) -> InputError:
    return InputError(f"Step {at} can't be used: {what}.", why=why, next="Correct this step.")
