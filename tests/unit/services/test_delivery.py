"""Which versions are compared by the statistics of a wave."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.domain.metric_queries import MetricQuery
from conductor_core.services.delivery import DeliveryReader, Panel
from conductor_core.services.metric_windows import MetricWindows
from conductor_core.services.pipeline_board import PipelineBoard
from tests.fakes.argocd import FakeArgoCd
from tests.fakes.cluster import FakeCluster
from tests.fakes.conductor import build
from tests.fakes.prometheus import FakePrometheus
from tests.fakes.rollouts import fake
from tests.pages.delivery_worlds import Queries

ERRORS = MetricQuery("error_rate", "Error rate", "ratio", "rate(errors[1m])", "lower")
P99 = MetricQuery("p99", "p99", "seconds", "histogram_quantile(0.99, rate(took[1m]))", "lower", 0.99)
REQUESTS = MetricQuery("requests", "Requests", "count", "rate(requests[1m])")


@pytest.fixture
def reader(tmp_path: Path) -> DeliveryReader:
    built, (rollouts, _, _) = build(tmp_path), fake(FakeCluster())
    board = PipelineBoard(FakeArgoCd(), lambda: 0.0, lambda _: None, lambda _: None)
    windows = MetricWindows(FakePrometheus(), lambda: 0.0)
    return DeliveryReader(board, rollouts, built.releases, windows, Queries("none"), built.memory)


def line(value: float, start: int = 0, end: int = 900) -> tuple[tuple[float, float], ...]:
    """Readings each 15 s, all a little apart."""
    return tuple((float(at), value + at / 1e6) for at in range(start, end, 15))


def test_a_canary_is_compared_with_the_baseline_beside_it_where_that_says_enough(reader: DeliveryReader) -> None:
    lines = {"stable": line(1.0), "canary": line(3.0, 300), "baseline": line(3.0, 450)}
    (judged,) = reader.judgements([Panel(ERRORS, lines)])
    assert judged.word == "same"
    assert "8 and 8 samples" in judged.why
    (judged,) = reader.judgements([Panel(ERRORS, lines | {"baseline": line(3.0, 840)})])
    assert judged.word == "worse"
    assert "worse than the stable one" in judged.why
    assert "10 and 10 samples" in judged.why


def test_a_percentile_is_judged_by_the_requests_of_the_time_that_both_ran(reader: DeliveryReader) -> None:
    lines = {"stable": line(1.0), "canary": line(3.0, 450)}
    for rate, word in ((2.0, "not judged"), (2.5, "worse")):
        counted = Panel(REQUESTS, {"stable": line(50.0), "canary": line(rate, 450)})
        (judged,) = reader.judgements([Panel(P99, lines), counted])
        assert judged.word == word
    (judged,) = reader.judgements([Panel(P99, lines), Panel(REQUESTS, {"stable": line(50.0)})])
    assert judged.word == "not judged"
