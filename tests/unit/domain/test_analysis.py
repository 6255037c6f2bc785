"""AnalysisRuns: thresholds read from conditions, and by how much they were missed."""

from __future__ import annotations

import math

import pytest

from conductor_core.domain.analysis import Threshold, parse, threshold, value_of
from tests.fakes.rollouts import run

RAW = {"metadata": {"name": "api", "namespace": "shop", "uid": "u"}, "status": {"currentPodHash": "new"}}


@pytest.mark.parametrize(
    ("success", "failure", "said"),
    [
        ("result[0] >= 0.99", "", ">= 0.99"),
        ("len(result) > 0 && !isNaN(result[0]) && result[0] >= 0.95", "", ">= 0.95"),
        ("", "result[0] > 0.5", "<= 0.5"),
        ("0.5 > result", "", "< 0.5"),
        ("asFloat(result) < 5e-3", "", "< 0.005"),
        ("result[0] <= -1.5", "", "<= -1.5"),
    ],
)
def test_a_comparison_with_a_number_is_a_threshold(success: str, failure: str, said: str) -> None:
    assert str(threshold(success, failure)) == said


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "result[0] > 1 && result[0] < 2",
        "result[0] > 1 || default(result, 0) == 0",
        "result.ok == true",
        "all(result, # > 1)",
        "len(result) > 0",
    ],
)
def test_anything_else_is_not_guessed_at(condition: str) -> None:
    assert threshold(condition) is None


def test_how_far_a_value_is_on_the_wrong_side() -> None:
    assert Threshold(">=", 0.99).missed_by(0.7) == pytest.approx(0.29)
    assert Threshold("<", 0.5).missed_by(0.4) == 0
    assert math.isnan(Threshold("<", 0.5).missed_by(math.nan))
    assert not Threshold(">", 1).holds(math.nan)


@pytest.mark.parametrize(
    ("text", "value"), [("[0.97]", 0.97), ("0.97", 0.97), ("[1,2]", None), ("", None), ("[]", None), ("ok", None)]
)
def test_the_one_number_in_a_measured_value(text: str, value: float | None) -> None:
    assert value_of(text) == value
    assert math.isnan(value_of("[NaN]") or 0)
    assert value_of("[+Inf]") == math.inf


def test_a_failed_run_says_which_threshold_and_by_how_much() -> None:
    found = parse(run(RAW, "success-rate", values=("[0.95]", "[0.7]")))
    assert (found.phase, found.step, found.template_hash, found.running) == ("Failed", 1, "new", False)
    said = found.explained()
    assert "success-rate must be >= 0.99 and was 0.7: missed by 0.29, 29% of it; 2 of 2 measurements failed." in said


def test_a_metric_without_a_number_shows_what_came() -> None:
    raw = run(RAW, "ok", values=('{"healthy": false}',))
    assert 'ok measured {"healthy": false}, against' in parse(raw).explained()
    broken = run(RAW, "ok", phase="Error", values=())
    broken["status"]["metricResults"][0]["message"] = "no such host"
    assert parse(broken).explained() == "no such host"
