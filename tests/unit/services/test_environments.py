"""Environments as doors see them: live verdicts, previews, requests, drafts, inventory."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import Check, Finish, State
from conductor_core.domain.gates import Result
from conductor_core.domain.tofu_events import Problem
from conductor_core.errors import AccessDeniedError, InputError
from conductor_core.ports.drafts import EnvironmentDraft
from tests.fakes.environments import Estate

REQUESTER = LOCAL_ACTORS["requester"]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def test_values_are_judged_while_they_are_typed(estate: Estate) -> None:
    small = estate.service.blueprints().get("small")
    empty = estate.service.live(small, "", {})
    assert empty.problems["network_cidr"] == ("A value is required.",)
    assert "environment" in empty.problems
    assert not empty.ready
    wrong = estate.service.live(small, "blue", {"network_cidr": "10.1.0.0/16", "size": "many"})
    assert list(wrong.problems) == ["size"]
    good = estate.service.live(small, "blue", {"network_cidr": "10.1.0.0/16"})
    assert good.ready
    assert good.values["size"] == 1
    assert [n.cidr for _, n in good.shape.networks] == ["10.1.0.0/16"]
    assert estate.store.recorded == []


def test_what_tofu_says_to_a_value_stands_at_its_parameter(estate: Estate) -> None:
    small = estate.service.blueprints().get("small")
    estate.tofu.problems = [Problem("Invalid value for variable", "At most nine.", "var.size")]
    live = estate.service.live(small, "blue", {"network_cidr": "10.1.0.0/16", "size": 10})
    assert live.problems == {"size": ("At most nine.",)}


def test_one_value_that_does_not_fit_hides_nothing_that_is_said_of_others(estate: Estate) -> None:
    small = estate.service.blueprints().get("small")
    estate.tofu.problems = [
        Problem("No value for required variable", "network_cidr is not set.", "var.network_cidr"),
        Problem("Invalid value for variable", "Nobody is called that.", "var.environment"),
    ]
    live = estate.service.live(small, "blue", {"size": "many"})
    assert live.problems["network_cidr"] == ("A value is required.",)
    assert len(live.problems["size"]) == 1
    assert live.problems["environment"] == ("Nobody is called that.",)
    estate.tofu.problems = []
    assert estate.service.live(small, "blue", {"network_cidr": 7, "size": "many"}).problems.keys() == {"size"}
    assert "size" not in estate.service.live(small, "blue", {"size": "many"}).values


def test_equal_questions_are_answered_without_tofu(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    small = estate.service.blueprints().get("small")
    estate.service.live(small, "blue", {"network_cidr": "10.1.0.0/16"})
    monkeypatch.setattr(estate.tofu, "check", lambda *_: pytest.fail("asked again"))
    assert estate.service.live(small, "blue", {"network_cidr": "10.1.0.0/16"}).ready


def test_a_preview_records_nothing(estate: Estate) -> None:
    preview = estate.service.preview(estate.asked(), REQUESTER)
    assert not preview.sight.nothing
    assert {v.gate for v in preview.verdicts} == {"policy/environment", "policy/workload"}
    assert {v.result for v in preview.verdicts} == {Result.ALLOW}
    assert (estate.changes.find(), estate.store.recorded) == ([], [])
    estate.provision()
    assert estate.service.preview(estate.asked(), REQUESTER).sight.nothing


def test_who_may_not_request_is_refused_before_anything_is_read(estate: Estate) -> None:
    with pytest.raises(AccessDeniedError):
        estate.service.request(LOCAL_ACTORS["approver"], estate.asked(), "team blue")
    with pytest.raises(AccessDeniedError):
        estate.service.save(LOCAL_ACTORS["approver"], EnvironmentDraft("", "", "small"))


@pytest.mark.parametrize("name", ["Blue", "../etc", "", "a"])
def test_names_are_checked_before_a_change_is_made(estate: Estate, name: str) -> None:
    with pytest.raises(InputError):
        estate.service.request(REQUESTER, estate.asked(name), "team blue")


def test_drafts_come_back_as_they_were(estate: Estate) -> None:
    kept = estate.service.save(REQUESTER, EnvironmentDraft("", "", "small", "blue", {"size": "ma"}))
    assert kept.id.startswith("drf-")
    again = estate.service.save(REQUESTER, EnvironmentDraft(kept.id, "", "small", "blue", {"size": "many"}))
    assert estate.service.drafts.of(REQUESTER.key) == [again]
    with pytest.raises(InputError, match="too large"):
        estate.service.save(REQUESTER, EnvironmentDraft("", "", "small", "blue", {"x": "y" * 300_000}))


def test_values_come_from_tfvars(estate: Estate) -> None:
    small = estate.service.blueprints().get("small")
    text = 'environment = "x"\nsize = 3\nnetwork_cidr = "10.1.0.0/16"\n'
    assert estate.service.read_values(text, "a.tfvars", small) == {"size": 3, "network_cidr": "10.1.0.0/16"}
    with pytest.raises(InputError, match="sets 'colour'"):
        estate.service.read_values("colour = 1", "a.tfvars", small)


def test_the_inventory_has_health_from_the_last_checks(estate: Estate) -> None:
    change = estate.start(estate.request())
    estate.perform(change, "tofu_apply")
    estate.changes.apply(change.id, Finish((Check("nodes", False, "1 of 2"),), None, "sha256:n"))
    (blue,) = estate.service.inventory()
    assert (blue.state, blue.health, blue.health_detail) == ("failed", "degraded", "nodes: 1 of 2")
    validation = estate.service.validate(REQUESTER, "blue", "look again")
    assert estate.plan(validation.id).state is State.APPROVED
    other = estate.start(estate.request(estate.asked("green", "10.2.0.0/16")))
    estate.perform(other, "tofu_apply")
    estate.finish(other)
    assert {d.name for d in estate.service.compare("blue", "green")} >= {"health", "parameters.network_cidr"}
