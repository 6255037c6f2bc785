"""Acts on a Rollout: what each promises, when it would have no effect, and what was seen afterwards.

An act without an effect is refused before anything is sent: an abort with nothing in progress must not touch the stable
version. What came of an act is read back from the Rollout itself and compared with the promise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from conductor_core.domain.rollouts import Phase, Rollout
from conductor_core.errors import InputError


class Act(StrEnum):
    """What can be done to a Rollout."""

    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    SKIP = "skip"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"
    RESTART = "restart"
    UNDO = "undo"


def act_of(word: object) -> Act:
    """The act of that name; raises `InputError` that lists the known ones."""
    try:
        return Act(str(word))
    except ValueError as bad:
        raise InputError(
            f"There is no act {word!r} on a Rollout.", why=f"Known: {', '.join(Act)}.", next="Use one of them."
        ) from bad


@dataclass(frozen=True)
class Before:
    """What an act starts from, kept with the operation so that its effect can be told after a crash.

    `target` is the template hash that an undo goes back to, `at` the time of a restart as the API writes times.
    """

    uid: str
    step: int
    weight: int
    actual: int
    stable_hash: str
    current_hash: str
    aborted: bool
    paused: bool
    pauses: str
    restart_at: str
    wanted: int
    revision: int
    target: str = ""
    at: str = ""

    def as_facts(self) -> dict[str, object]:
        """Plain JSON."""
        return asdict(self)


def before(rollout: Rollout, target: str = "", at: str = "") -> Before:
    """What an act on this Rollout starts from."""
    return Before(
        rollout.uid,
        rollout.step,
        rollout.weight,
        rollout.actual,
        rollout.stable_hash,
        rollout.current_hash,
        rollout.aborted,
        rollout.paused_by_hand,
        _pauses(rollout),
        rollout.restart_at,
        rollout.wanted,
        rollout.revision,
        target,
        at,
    )


def before_of(facts: Mapping[str, object]) -> Before:
    """The `Before` that `as_facts` gave; raises `InputError` for anything else."""
    try:
        return Before(**{k: v for k, v in facts.items() if k in Before.__dataclass_fields__})  # type: ignore[arg-type]  # checked by the constructor's names
    except TypeError as bad:
        raise InputError(
            "The operation's record can't be read.", why=str(bad), next="Settle the Change by hand."
        ) from bad


def no_effect(rollout: Rollout, act: Act) -> str:
    """Why the act would do nothing (or harm) now; '' when it would do what it promises."""
    if act is Act.ABORT:
        if not rollout.in_progress:
            return "Nothing is in progress: everybody has the stable version, and an abort must not touch it."
        return "It is aborted already." if rollout.aborted else ""
    if act is Act.RETRY:
        return "" if rollout.aborted else "It is not aborted."
    if act is Act.PAUSE:
        return "It is paused by hand already." if rollout.paused_by_hand else ""
    if act is Act.RESUME:
        return "" if rollout.paused_by_hand or rollout.pauses else "It is not paused."
    if act is Act.RESTART:
        return ""
    if act is Act.UNDO:
        return ""
    if rollout.aborted:
        return "It is aborted: retry it, or go back to the stable version."
    if act is Act.PROMOTE and (rollout.paused_by_hand or rollout.pauses):
        return ""
    if not rollout.in_progress:
        return "Nothing is in progress: everybody has the wanted version."
    if act is Act.SKIP and (rollout.strategy != "canary" or not rollout.steps):
        return "It has no steps to skip."
    return "Every step is done already." if act is Act.SKIP and rollout.step >= len(rollout.steps) else ""


def promise(rollout: Rollout, act: Act, target: str = "") -> str:
    """What will be seen after the act, in one sentence; `target`: where an undo goes, in words."""
    last = len(rollout.steps)
    here = f"step {min(rollout.step + 1, last)} of {last}" if last else "its present state"
    return {
        Act.PROMOTE: f"It leaves {here} and goes on with the next one.",
        Act.PROMOTE_FULL: f"All {rollout.wanted} replicas get the new version at once; "
        "steps, pauses and analysis are skipped.",
        Act.SKIP: f"It skips {here} and goes on with the next one.",
        Act.PAUSE: f"It stays at {rollout.actual} % until it is resumed.",
        Act.RESUME: f"It goes on from {here}.",
        Act.ABORT: f"The weight of the new version goes from {rollout.actual} % to 0 %; "
        f"{rollout.wanted} replicas of the stable version serve everybody.",
        Act.RETRY: "The aborted version starts again at its first step.",
        Act.RESTART: f"Each of the {rollout.wanted} pods is replaced by a fresh one of the same version.",
        Act.UNDO: f"The template goes back to {target or 'the revision before'}.",
    }[act]


@dataclass(frozen=True)
class ReadBack:
    """What was seen after an act. `happened`: the Rollout shows that the act was taken up. `reached`: weight and
    replicas are as promised.
    """

    happened: bool
    reached: bool
    expected: str
    seen: str

    @property
    def word(self) -> str:
        """How it came out, for people."""
        return "as promised" if self.reached else "not finished" if self.happened else "no effect"

    def as_json(self) -> dict[str, object]:
        """Plain JSON."""
        return asdict(self)


def read_back(act: Act, was: Before, now: Rollout) -> ReadBack:
    """Compare the Rollout with what the act promised from `was` on."""
    other = now.current_hash != was.current_hash
    if act in (Act.PROMOTE, Act.SKIP, Act.RESUME):
        onward = other or now.step > was.step or now.current_hash == now.stable_hash
        held = now.paused_by_hand or bool(_reasons(was.pauses) & _reasons(_pauses(now)))
        let_go = act is not Act.SKIP and bool(was.pauses or was.paused) and not held
        expected = f"a step after {was.step + 1}, not held by the same pause"
        return ReadBack(onward or let_go, onward or (let_go and not now.unpausing), expected, state(now))
    if act is Act.PROMOTE_FULL:
        done = now.current_hash == now.stable_hash
        full = done and now.actual == 100 and now.updated >= now.wanted
        return ReadBack(done or now.promote_full or other, full, f"100 %, {now.wanted} replicas", state(now))
    if act is Act.PAUSE:
        return ReadBack(now.paused_by_hand, now.phase is Phase.PAUSED, "paused by hand", state(now))
    if act is Act.ABORT:
        reached = now.aborted and now.actual == 0 and now.available >= now.wanted
        gone = f"aborted, {now.actual} %, {now.available} of {now.wanted} replicas"
        expected = f"0 %, {now.wanted} replicas of the stable version"
        return ReadBack(now.aborted, reached, expected, gone if reached else state(now))
    if act is Act.RETRY:
        return ReadBack(not now.aborted, not now.aborted, "not aborted, at its first steps", state(now))
    if act is Act.RESTART:
        taken = _instant(now.restart_at) == _instant(was.at)
        reached = taken and _instant(now.restarted_at) == _instant(was.at) and now.available >= now.wanted
        seen = f"restarted at {now.restarted_at or '(never)'}; {state(now)}"
        return ReadBack(taken, reached, f"{was.wanted} pods made after {was.at}", seen)
    back = now.current_hash == was.target
    return ReadBack(back, back, f"template {was.target}", f"template {now.current_hash}; {state(now)}")


def read_backs(result: Mapping[str, object]) -> tuple[tuple[str, ReadBack], ...]:
    """What an operation's result says was read back, by Rollout: each member of a fleet, or '' for the one acted on.

    Empty for a result without it, or with one of another shape.
    """
    kept = result.get("read_back")
    if not isinstance(kept, Mapping):
        return ()
    rows = {"": kept} if "reached" in kept else kept
    names = ReadBack.__dataclass_fields__
    return tuple(
        (str(name), ReadBack(**{field: row[field] for field in names}))
        for name, row in rows.items()
        if isinstance(row, Mapping) and set(names) <= set(row)
    )


def state(now: Rollout) -> str:
    """Where a Rollout stands, in a few words for records and terminals."""
    at = f"step {min(now.step + 1, len(now.steps))} of {len(now.steps)}" if now.steps else "no steps"
    words = [now.phase.value, at, f"{now.actual} % (asked for {now.weight} %)"]
    words += [f"{now.updated} new and {max(0, now.replicas - now.updated)} other of {now.wanted} replicas"]
    words += ["aborted"] if now.aborted else []
    words += ["unpaused, and its controller has not gone on yet"] if now.unpausing else []
    words += ["paused by hand"] if now.paused_by_hand else []
    return ", ".join(words)


def _pauses(rollout: Rollout) -> str:
    return ";".join(f"{reason}@{since}" for reason, since in rollout.pauses)


def _reasons(pauses: str) -> set[str]:
    """Why it was paused; a pause for the same reason at the same step holds it as the one before did."""
    return {one.partition("@")[0] for one in pauses.split(";") if one}


def _instant(text: str) -> str:
    return text.replace("+00:00", "Z")
