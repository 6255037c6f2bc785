"""Reads of progressive delivery that pages share, kept for seconds as those of `queries`."""

from __future__ import annotations

from app import runtime
from app.queries import kept
from conductor_core.domain.burn_rate import Burn
from conductor_core.domain.canary_statistics import Judgement
from conductor_core.domain.changes import Change
from conductor_core.domain.compatibility import Answer
from conductor_core.domain.dora import Measure
from conductor_core.domain.emergencies import Emergency
from conductor_core.domain.fleets import Fleet
from conductor_core.domain.rolling_sync import SyncStep
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.set_promotions import Seen
from conductor_core.domain.timeline import Moment
from conductor_core.domain.wave_verdicts import WaveVerdict
from conductor_core.domain.waves import STABLE_TAG
from conductor_core.errors import ConductorError
from conductor_core.services.delivery import Panel
from conductor_core.services.fleet_clusters import PATIENCE, Everywhere
from conductor_core.services.pipeline_board import Board
from conductor_core.services.ways_back import WayBack


@kept(2)
def everywhere() -> Everywhere:
    """Every Rollout of every cluster, as read within the last seconds."""
    return runtime.conductor().delivery.everywhere(PATIENCE)


@kept(2)
def fleets() -> list[Fleet]:
    """The groups that move in lockstep."""
    return list(runtime.conductor().delivery.fleets(everywhere(), live=True))


@kept(2)
def board() -> Board:
    """Every pipeline, as the stream of Argo CD keeps it."""
    return runtime.conductor().delivery.pipelines(live=True)


@kept(1.5)
def wave(namespace: str, name: str, cluster: str = "") -> tuple[Detail, WaveVerdict]:
    """One Rollout with what belongs to it, and the verdict on its wave."""
    return runtime.conductor().delivery.verdict(namespace, name, cluster)


@kept(10)
def panels(namespace: str, name: str, seconds: int) -> tuple[list[Panel], list[Judgement]]:
    """The charts of one Rollout, and its versions compared."""
    delivery = runtime.conductor().delivery
    found = delivery.metrics(delivery.detail(namespace, name), float(seconds))
    return list(found), list(delivery.judgements(found))


@kept(10)
def burning(namespace: str, name: str) -> tuple[Burn, ...] | None:
    """How fast the error budget of the service burns; None: nothing names an objective."""
    delivery = runtime.conductor().delivery
    return delivery.burning(delivery.detail(namespace, name).rollout)


@kept(3)
def timeline(namespace: str, name: str) -> list[Moment]:
    """What happened to one Rollout, oldest first."""
    return list(runtime.conductor().timelines.of(namespace, name))


@kept(5)
def way_back(namespace: str, name: str) -> WayBack:
    """The way back of the release that a failed Rollout belongs to, filled in."""
    conductor = runtime.conductor()
    return conductor.desk.ways_back.of(*wave(namespace, name))


@kept(5)
def promotion(source: str, target: str, left_out: tuple[str, ...]) -> tuple[Seen, ...]:
    """What each service would become if the set of a channel were promoted to another."""
    return runtime.conductor().desk.promotions.preview(source, target, (), left_out)


@kept(5)
def frozen(target: str) -> tuple[str, ...]:
    """What would keep a promotion into that channel back now, in words."""
    return tuple(reason.text for reason in runtime.conductor().desk.queued.freeze.of_promotion(target))


@kept(5)
def pipeline_steps(name: str) -> tuple[SyncStep, ...]:
    """The steps by which a pipeline's Applications are synced now; none: all at once."""
    waves = runtime.conductor().desk.pipeline_waves
    return waves.steps(waves.pipeline(name))


@kept(10)
def channels() -> list[str]:
    """The channels that releases have, in the order in which versions pass them."""
    found = runtime.conductor().releases.catalogue().releases
    return list(dict.fromkeys(c.name for c in (c for r in found for c in r.channels)))


@kept(3)
def changes_of_rollout(namespace: str, name: str, cluster: str = "") -> list[Change]:
    """The Changes of one Rollout and of its release, newest first; in a further cluster the aborts of its fleets."""
    delivery = runtime.conductor().delivery
    return delivery.changes_of(delivery.detail(namespace, name, cluster).rollout)


@kept(3)
def emergencies() -> list[Emergency]:
    """The emergencies that wait for a review."""
    return runtime.conductor().emergencies.waiting()


@kept(10)
def stable_tag(release: str, channel: str) -> str | None:
    """The version that the channel's values in Git mark as stable, '' for none; None: its chart knows no waves."""
    found = runtime.conductor().values_edits.value(release, channel, STABLE_TAG[:-1])
    return str(found.get(STABLE_TAG[-1]) or "") if isinstance(found, dict) else None


@kept(10)
def components(release: str) -> tuple[str, ...]:
    """The components of a release that the compatibility file declares."""
    return runtime.conductor().partial.components(release)


@kept(5)
def partial(release: str, channel: str, component: str, version: str) -> Answer:
    """Whether one component can go back alone, else the smallest set that works."""
    return runtime.conductor().partial.ask(release, channel, component, version)


@kept(30)
def measures(days: int, tier: str) -> tuple[Measure, ...]:
    """The four DORA measures of the last days and a tier ('' is all)."""
    return runtime.conductor().desk.measures.of(days, tier=tier)


@kept(30)
def deployed_tiers() -> list[str]:
    """The tiers that anything was deployed to."""
    return runtime.conductor().desk.measures.tiers()


@kept(3)
def emergency(change_id: str) -> Emergency | None:
    """What there is to say of a Change as an emergency; None: it is none."""
    return runtime.conductor().emergencies.about(change_id)


def board_or_none() -> Board | None:
    """Every pipeline; None when Argo CD doesn't answer, for what stands below the place that says so."""
    try:
        return board()
    except ConductorError:
        return None


def emergencies_of(rollout: Rollout) -> list[Emergency]:
    """The emergencies about one Rollout or its release that wait for a review."""
    of = owner(rollout)
    targets = {f"rollout/{rollout.id}"} | ({f"release/{of[0]}@{of[1]}"} if of else set())
    return [e for e in emergencies() if e.change.target in targets]


def owner(rollout: Rollout) -> tuple[str, str] | None:
    """The release and channel that a Rollout belongs to; None: no channel declares it."""
    return runtime.conductor().delivery.release_of(rollout)
