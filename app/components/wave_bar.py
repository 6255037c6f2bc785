"""The steps of a Rollout as one bar: behind, now, ahead; each under the wave that it belongs to."""

from __future__ import annotations

from app.components import assets
from conductor_core.domain import rollout_words
from conductor_core.domain.rollouts import Rollout

_waves = assets.component("waves", "<ol></ol>")


def show(rollout: Rollout, *, held: bool = False, failed: int | None = None) -> None:
    """Draw the bar; `held`: something holds the present step; `failed`: the step at which an aborted one had failed,
    None: no step has (it was aborted by hand).
    """
    steps = []
    wave = ""
    for at, step in enumerate(rollout.steps):
        shown = step.wave if step.wave != wave else ""
        wave = step.wave
        steps.append([shown, step.text, _state(rollout, at, held, failed)])
    _waves(data={"steps": steps})


def _state(rollout: Rollout, at: int, held: bool, failed: int | None) -> str:
    if rollout.current_hash == rollout.stable_hash:
        return "done"
    if rollout.aborted:
        return "ahead" if failed is None or at > failed else "failed" if at == failed else "done"
    if at < rollout.step:
        return "done"
    if at > rollout.step:
        return "ahead"
    if rollout_words.red(rollout):
        return "failed"
    return "held" if held else "current"
