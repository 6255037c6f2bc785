"""What is done in delivery beyond reading: ways back, timelines to take away, what is kept for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conductor_core.services.changes import ChangeService
from conductor_core.services.delivery_measures import DeliveryMeasures
from conductor_core.services.delivery_shelf import DeliveryShelf
from conductor_core.services.ledger import Ledger
from conductor_core.services.pipeline_waves import PipelineWaves
from conductor_core.services.release_shelf import ReleaseShelf
from conductor_core.services.rollout_recorder import RolloutRecorder
from conductor_core.services.set_promotions import SetPromotions
from conductor_core.services.timeline_exports import TimelineExports
from conductor_core.services.wave_freeze import QueuedPromotions
from conductor_core.services.ways_back import WaysBack

if TYPE_CHECKING:
    from conductor_core.services.parts import Parts


@dataclass(frozen=True)
class DeliveryDesk:
    """Services by what they are for."""

    ways_back: WaysBack
    exports: TimelineExports
    recorder: RolloutRecorder
    promotions: SetPromotions
    queued: QueuedPromotions
    pipeline_waves: PipelineWaves
    measures: DeliveryMeasures


def delivery_desk(
    parts: Parts, delivering: DeliveryShelf, shelf: ReleaseShelf, changes: ChangeService, ledger: Ledger
) -> DeliveryDesk:
    """The desk over these services."""
    return DeliveryDesk(
        WaysBack(delivering.reader, shelf.history, shelf.synced, parts.argocd, changes),
        TimelineExports(
            delivering.timelines, parts.answer_files, parts.signer, ledger, parts.clock, parts.report_store
        ),
        RolloutRecorder(delivering.reader, parts.store, ledger),
        delivering.promotions,
        QueuedPromotions(delivering.freeze, changes),
        delivering.pipeline_waves,
        DeliveryMeasures(parts.store, parts.repository, parts.clock),
    )
