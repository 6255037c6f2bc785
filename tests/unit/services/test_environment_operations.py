"""Operations of environments: applied once, observed when they broke off, never repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Operation, OperationState
from tests.fakes.environments import Estate


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def test_an_apply_leaves_state_outputs_and_a_story(estate: Estate) -> None:
    change = estate.start(estate.request())
    (applied,) = estate.perform(change, "tofu_apply")
    assert applied.state is OperationState.SUCCEEDED
    assert applied.result["outputs"] == {"namespaces": {"app": "blue-app"}}
    assert "1 of 2 · thing.blue: created in 0 s" in estate.said
    estate.finish(change)
    blue = estate.service.get("blue")
    assert (blue.state, blue.outputs["namespaces"]) == ("active", {"app": "blue-app"})


def test_asked_twice_it_is_applied_once(estate: Estate) -> None:
    change = estate.start(estate.request())
    estate.perform(change, "tofu_apply")
    estate.perform(change, "tofu_apply")
    assert estate.tofu.applies == ["blue"]


def crashed(estate: Estate, change: Change, *sent: str) -> None:
    """As a kernel leaves it that was killed behind the row: the row says started, and tofu got that far."""
    row = Operation(
        change.id, "tofu_apply", "tofu_apply", {"serial": 0, "lineage": "", "resources": 0},
        OperationState.STARTED, estate.clock.now(),
    )  # fmt: skip
    assert estate.rows.begin(row) is None
    if sent:
        estate.tofu.begin("blue", change.id, *sent)


def test_killed_before_tofu_began_it_is_dispatched(estate: Estate) -> None:
    change = estate.start(estate.request())
    crashed(estate, change)
    (applied,) = estate.perform(change, "tofu_apply")
    assert (applied.state, applied.dispatches, estate.tofu.applies) == (OperationState.SUCCEEDED, 2, ["blue"])


def test_killed_while_tofu_ended_well_it_is_observed_as_done(estate: Estate) -> None:
    change = estate.start(estate.request())
    crashed(estate, change)
    saved = estate.blobs.get(change.plan.facts["saved_plan"]) if change.plan else b""
    work = estate.reads.workspace("blue", estate.reads.blueprint("small"))
    estate.tofu.apply(
        work, saved, change.plan.facts["saved_plan"] if change.plan else "", change.id, tell=lambda _: None
    )
    (applied,) = estate.perform(change, "tofu_apply")
    assert (applied.state, applied.result["observed"]) == (OperationState.SUCCEEDED, "done")
    assert estate.tofu.applies == ["blue"]


def test_killed_in_the_middle_of_a_resource_it_is_unknown_and_never_repeated(estate: Estate) -> None:
    change = estate.start(estate.request())
    crashed(estate, change, "thing.blue")
    (applied,) = estate.perform(change, "tofu_apply")
    assert applied.state is OperationState.UNKNOWN
    assert "in the middle of: thing.blue" in str(applied.result["seen"])
    assert estate.tofu.applies == []


def test_a_failing_provider_is_told_with_what_was_applied_before(estate: Estate) -> None:
    estate.tofu.failing.add("thing.size-1")
    change = estate.start(estate.request())
    (applied,) = estate.perform(change, "tofu_apply")
    assert applied.state is OperationState.FAILED
    assert "thing.size-1 can't be made" in str(applied.result["what"])
    assert "1 resources were applied before" in str(applied.result["why"])
    assert estate.tofu.state(estate.reads.workspace("blue", estate.reads.blueprint("small"))).addresses == (
        "thing.blue",
    )


def test_a_state_that_moved_after_the_last_look_is_refused(estate: Estate) -> None:
    change = estate.start(estate.request())
    estate.tofu._write("blue", {"thing.else"})
    with pytest.raises(Exception, match="moved on since the plan"):
        estate.perform(change, "tofu_apply")
    assert estate.tofu.applies == []


def test_a_file_that_is_changed_after_the_last_look_changes_nothing(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race on a file: what is applied are the approved bytes, whatever lies in the folder by then."""
    change = estate.start(estate.request())
    estate.write("infra/terraform/blueprints/small/main.tf", "# resource thing.evil\n")
    seen: list[Mapping[str, bytes]] = []
    plain = estate.tofu.apply

    def noting(work: Any, *args: Any, inherit_fds: Sequence[int] = (), **more: Any) -> None:
        seen.append(work.files)
        plain(work, *args, **more)

    monkeypatch.setattr(estate.tofu, "apply", noting)
    estate.perform(change, "tofu_apply")
    assert b"evil" not in b"".join(seen[0].values())


def test_add_ons_are_installed_once_and_removed_before_a_destroy(estate: Estate) -> None:
    change = estate.start(estate.request(estate.asked(shop=True)))
    _, installed = estate.perform(change, "tofu_apply", "addons_apply")
    assert installed.result["releases"] == {"shop": 1}
    estate.perform(change, "addons_apply")
    assert estate.addons.installed(("blue-app",)) == {"shop": "blue-app"}
    estate.finish(change)
    estate.clock.step(1)
    asked = estate.service.destroy(LOCAL_ACTORS["requester"], "blue", "blue", "not used")
    gone = estate.start(estate.plan(asked.id))
    removed, destroyed = estate.perform(gone, "addons_remove", "tofu_apply")
    assert (removed.state, destroyed.state) == (OperationState.SUCCEEDED, OperationState.SUCCEEDED)
    assert estate.addons.installed(("blue-app",)) == {}
    estate.finish(gone)
    assert estate.service.get("blue").state == "destroyed"


@pytest.mark.parametrize("known", [True, False])
def test_a_chart_that_changed_after_the_last_look_is_refused(estate: Estate, known: bool) -> None:
    estate.tofu.known_outputs = known
    change = estate.start(estate.request(estate.asked(shop=True)))
    assert change.plan is not None
    assert change.plan.summary["add-ons"] == ("shop: 1 objects" if known else "shop: known after the apply")
    estate.perform(change, "tofu_apply")
    estate.write("helm/shop/values.yaml", "colour: red\n")
    (installed,) = estate.perform(change, "addons_apply")
    assert installed.state is OperationState.FAILED
    assert "has changed since it was approved" in str(installed.result["what"])
    assert estate.addons.installed(("blue-app",)) == {}


def test_a_resource_is_made_anew_by_request_and_its_half_is_not_taken_for_the_whole(estate: Estate) -> None:
    estate.provision()
    change = estate.start(estate.request(replace(estate.asked(), allow_destroy=True, replace=("thing.blue",))))
    assert change.plan is not None
    assert change.plan.summary["destroys"] == "thing.blue"
    state = estate.tofu.state(estate.reads.workspace("blue", estate.reads.blueprint("small")))
    row = Operation(
        change.id, "tofu_apply", "tofu_apply", {"serial": state.mark.serial, "lineage": state.mark.lineage},
        OperationState.STARTED, estate.clock.now(),
    )  # fmt: skip
    assert estate.rows.begin(row) is None
    estate.tofu.begin("blue", change.id, "thing.blue")
    (broken,) = estate.perform(change, "tofu_apply")
    assert broken.state is OperationState.UNKNOWN
    assert len(estate.tofu.applies) == 1
