"""Port of Argo Rollouts: Rollouts with what belongs to them, and the acts on them."""

from __future__ import annotations

from typing import Protocol

from conductor_core.domain.analysis import Metric
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Rollout


class Rollouts(Protocol):
    """Reads are as fresh as the API server's answer. Errors of every method: those of `Cluster`.

    A cluster without Argo Rollouts has no Rollouts; that is no error.
    """

    def all(self, namespace: str = "") -> tuple[Rollout, ...]:
        """Every Rollout of a namespace ('' is every one), by namespace and name: one list, whatever their number."""
        ...

    def get(self, namespace: str, name: str) -> Rollout:
        """One Rollout; raises `NotFoundError`."""
        ...

    def detail(self, namespace: str, name: str) -> Detail:
        """One Rollout with replica sets, pods, AnalysisRuns (those of its experiments too); raises `NotFoundError`."""
        ...

    def metrics(self, namespace: str, names: tuple[str, ...]) -> tuple[Metric, ...]:
        """The metrics that AnalysisTemplates of these names define ('' of a name that isn't there is left out);
        a ClusterAnalysisTemplate is taken when the namespace has none of that name.
        """
        ...

    def act(self, seen: Rollout, act: Act, *, to_hash: str = "", at: str = "") -> Rollout:
        """Do to the Rollout what Argo Rollouts' own command line does, once, and give it as it is afterwards.

        `seen` is what the act was decided on: raises `ConflictError`, and writes nothing, when it has changed since.
        `to_hash`: the template hash that an undo goes back to; `at`: the time of a restart, RFC 3339 in whole seconds.
        Raises `NotFoundError` when Rollout or revision is gone, and `RefusedError` when the API server says no.
        """
        ...

    def nudge(self, seen: Rollout) -> None:
        """Have the controller look at the Rollout again, by touching an annotation; changes nothing else.

        Argo Rollouts 1.9 may miss an act that comes while it writes the status itself: it then waits for ever.
        """
        ...
