"""Steps of a progressive sync: read, written, and whom each of them takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.domain import pipelines
from conductor_core.domain.rolling_sync import parsed, placed, steps_of
from conductor_core.errors import InputError
from tests.fakes.argocd import raw_application


def application(name: str, **labels: str) -> pipelines.Application:
    return replace(pipelines.application(raw_application(name, "shop")), labels=tuple(labels.items()))


APPLICATIONS = (
    application("dev-1", env="dev"),
    application("prod-eu", env="prod", region="eu"),
    application("prod-us", env="prod", region="us"),
)


def test_words_and_spec_say_the_same() -> None:
    step = parsed("env in staging, prod and tier notin gold", "25%")
    spec = {
        "matchExpressions": [
            {"key": "env", "operator": "In", "values": ["staging", "prod"]},
            {"key": "tier", "operator": "NotIn", "values": ["gold"]},
        ],
        "maxUpdate": "25%",
    }
    assert step.as_spec() == spec
    assert steps_of([spec]) == (step,)
    assert parsed(step.text, step.at_a_time) == step
    assert parsed("env in dev", "2").as_spec()["maxUpdate"] == 2
    assert "maxUpdate" not in parsed("env in dev").as_spec()


def test_it_is_told_who_is_synced_when_and_who_by_nobody() -> None:
    steps = [parsed("env in dev"), parsed("env in prod and region in eu")]
    assert placed(steps, APPLICATIONS).steps == (("dev-1",), ("prod-eu",))
    assert placed(steps, APPLICATIONS).left_out == ("prod-us",)
    assert placed([parsed("region notin eu")], APPLICATIONS).steps == (("dev-1", "prod-us"),)
    assert placed((), APPLICATIONS).left_out == ()  # without steps, everybody is synced at once


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([parsed("env in prod"), parsed("region in eu")], "Steps 1 and 2 both take prod-eu"),
        ([parsed("env in dev"), parsed("env in moon")], r"Step 2 \(env in moon\) takes no Application"),
    ],
)
def test_what_argo_cd_can_not_order_is_refused(steps: list[object], why: str) -> None:
    with pytest.raises(InputError, match="progressive sync") as caught:
        placed(steps, APPLICATIONS)  # type: ignore[arg-type]  # steps, in a table of a test
    assert __import__("re").search(why, caught.value.why)


@pytest.mark.parametrize(
    "text", ["", "env", "env in", "env is dev", "e nv in dev", "env in a b", "-x in a", "env in 'a'"]
)
def test_words_that_select_nothing_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parsed(text)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {"matchExpressions": []},
        [{"matchExpressions": []}],
        [{"matchExpressions": [{"key": "env", "operator": "Exists", "values": ["x"]}]}],
        [{"matchExpressions": [{"key": "env", "operator": "In", "values": []}]}],
        [{"matchExpressions": [{"key": "env", "operator": "In", "values": ["x"]}], "maxUpdate": "-1"}],
        [{"matchExpressions": [{"key": "env", "operator": "In", "values": ["x"]}], "maxUpdate": "101%"}],
        [{"matchExpressions": [{"key": "env", "operator": "In", "values": ["x"]}]}] * 51,
    ],
)
def test_specs_that_are_none_are_refused(raw: object) -> None:
    with pytest.raises(InputError):
        steps_of(raw)
