"""Add-ons by helmfile: in the review with its log, synced as approved, known after a crash, removed by a destroy."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.adapters.blueprint_files import FOLDER
from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.operations import Operation, OperationState
from tests.fakes.environments import YAML, Estate, facts

HELMFILE = "releases:\n  - {name: stall, chart: shop, namespace: '{space}'}\n"
BUNDLE = """helmfile:
  file: helm/helmfile.yaml
  environment: dev
  values: {space: "${output.namespaces.app}"}
  when: "${var.shop}"
"""


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    made = Estate(tmp_path)
    addons = YAML.index("addons:")
    made.write(f"{FOLDER}/small/blueprint.yaml", YAML[:addons] + BUNDLE)
    made.write("helm/helmfile.yaml", HELMFILE)
    made.write("helm/shop/values.yaml", "size: 3\n")
    return made


def test_it_is_rendered_into_the_review_with_its_log(estate: Estate) -> None:
    change = estate.request(estate.asked(shop=True))
    assert change.plan is not None, change.outcome
    assert change.plan.summary["add-ons"] == "stall: 1 objects"
    assert "stall-settings" in estate.evidence.read(change, "manifests.yaml").decode()
    assert estate.evidence.read(change, "helmfile.log") == b"Templating release=stall\n"
    assert facts(change)["helmfile"] == estate.helmfile.digest(estate.root / "helm")


def test_switched_off_it_is_nowhere(estate: Estate) -> None:
    change = estate.start(estate.request())
    assert "helmfile" not in facts(change)
    (done,) = estate.perform(change, "helmfile_sync")
    assert done.state is OperationState.SUCCEEDED
    assert estate.helmfile.synced == []


def test_a_value_that_is_not_known_yet_comes_from_the_outputs_and_the_files_are_approved_all_the_same(
    estate: Estate,
) -> None:
    outputs, estate.tofu.outputs = estate.tofu.outputs, {}
    change = estate.start(estate.request(estate.asked(shop=True)))
    assert change.plan is not None
    assert change.plan.summary["add-ons"] == "helm/helmfile.yaml: known after the apply"
    estate.tofu.outputs = outputs
    _, synced = estate.perform(change, "tofu_apply", "helmfile_sync")
    assert synced.result["releases"] == {"blue-app/stall": "deployed"}
    [asked] = estate.helmfile.synced
    assert asked.values == {"space": "blue-app"}
    assert asked.digest == estate.helmfile.digest(estate.root / "helm")


def test_a_file_of_it_that_changes_voids_the_approval_and_is_not_synced(estate: Estate) -> None:
    change = estate.request(estate.asked(shop=True))
    started = estate.start(change)
    estate.perform(started, "tofu_apply")
    estate.write("helm/shop/templates/evil.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: evil}\n")
    (refused,) = estate.perform(started, "helmfile_sync")
    assert refused.state is OperationState.FAILED
    assert "has changed since it was approved" in str(refused.result["what"])
    assert estate.helmfile.synced == []
    other = estate.request(estate.asked("green", "10.2.0.0/16", shop=True))
    estate.write("helm/helmfile.yaml", HELMFILE + "# more\n")
    estate.changes.replan(LOCAL_ACTORS["requester"], other.id)
    assert any(line.startswith("helmfile: ") for line in estate.plan(other.id).void_reasons)


def test_killed_after_the_sync_it_is_observed_and_a_destroy_takes_it_away(estate: Estate) -> None:
    change = estate.start(estate.request(estate.asked(shop=True)))
    estate.perform(change, "tofu_apply")
    row = Operation(
        change.id, "helmfile_sync", "helmfile_sync", {"releases": {"blue-app/stall": 0}},
        OperationState.STARTED, estate.clock.now(),
    )  # fmt: skip
    assert estate.rows.begin(row) is None
    request = estate.bundles.request(estate.reads.blueprint("small"), "blue", {"shop": True}, estate.tofu.outputs)
    assert request is not None
    estate.helmfile.sync(request, change.id, say=estate.said.append)
    (seen,) = estate.perform(change, "helmfile_sync")
    assert (seen.state, seen.result["observed"], len(estate.helmfile.synced)) == (OperationState.SUCCEEDED, "done", 1)
    estate.finish(change)
    assert estate.addons.installed(("blue-app",)) == {"stall": "blue-app"}
    estate.clock.step(1)
    asked = estate.service.destroy(LOCAL_ACTORS["requester"], "blue", "blue", "not used")
    estate.perform(estate.start(estate.plan(asked.id)), "addons_remove")
    assert estate.addons.installed(("blue-app",)) == {}
