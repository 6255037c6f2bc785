"""Plans of environments: the evidence, and that whatever changes before the apply is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conductor_core.adapters.blueprint_files import FOLDER
from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import Change, State
from conductor_core.domain.policies import PolicyBundle
from conductor_core.errors import InputError, NotFoundError
from tests.fakes.environments import TF, YAML, Estate, facts


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def outcome(change: Change) -> str:
    assert change.outcome is not None, change.state
    return f"{change.outcome.what} {change.outcome.why}"


def test_the_evidence_names_everything_that_is_approved(estate: Estate) -> None:
    change = estate.request()
    assert change.state is State.AWAITING_APPROVAL
    assert change.plan is not None
    names = {piece.name for piece in change.plan.evidence}
    assert {"plan.json", "values.json", "comparison.json", "provider.lock.hcl", "parameters.json"} <= names
    assert f"source/{FOLDER}/small/main.tf" in names
    told = facts(change)
    assert (told["blueprint"], told["tofu"], told["state"]) == ("small 1.0.0", "OpenTofu 1.10.10", "none")
    assert told["networks"] == "network_cidr=10.1.0.0/16"
    assert change.plan.summary["blast radius"] == "2 new"
    assert estate.blobs.get(told["saved_plan"])
    assert "saved_plan" not in names


def test_the_same_world_gives_the_same_plan_and_keeps_the_approval(estate: Estate) -> None:
    change = estate.request()
    estate.changes.replan(LOCAL_ACTORS["requester"], change.id)
    assert estate.plan(change.id).plan_digest == change.plan_digest


def another(estate: Estate) -> PolicyBundle:
    """The bundle with one more file."""
    return replace(
        estate.policy.bundle, files=(*estate.policy.bundle.files, ("environment/z.rego", "package environment\n"))
    )


def stored(estate: Estate, change: Change, **fields: object) -> None:
    """Write a Change anew past the service, as somebody with the database in hand could."""
    now = estate.store.get(change.id)
    estate.store.save(replace(now, **fields), now.version, ())  # type: ignore[arg-type]  # fields of a Change


Touch = Callable[[Estate, Change], object]
OTHER = {"network_cidr": "10.9.0.0/16"}
TOUCHES: list[tuple[Touch, str]] = [
    (lambda e, c: e.write(f"{FOLDER}/small/main.tf", TF + "# a word\n"), f"evidence source/{FOLDER}/small/main.tf"),
    (lambda e, c: e.write("infra/k8s/new.yaml", "kind: x\n"), "evidence source/infra/k8s/new.yaml"),
    (lambda e, c: e.write(f"{FOLDER}/small/blueprint.yaml", YAML.replace("1.0.0", "1.0.1")), "blueprint: small 1.0.0"),
    (lambda e, c: setattr(e.tofu, "version", lambda: "OpenTofu 1.11.0"), "tofu: OpenTofu 1.10.10"),
    (lambda e, c: e.tofu._write("blue", {"thing.blue"}), "state: none → 1 lineage-blue"),
    (lambda e, c: setattr(e.tofu, "outputs", {"namespaces": {"app": "x"}, "new": 1}), "evidence plan.json"),
    (lambda e, c: setattr(e.policy, "bundle", another(e)), "policy: sha256"),
    (lambda e, c: stored(e, c, parameters={**c.parameters, "variables": OTHER}), "parameters: sha256"),
    (lambda e, c: stored(e, c, target="environment/green"), "target: environment/blue → environment/green"),
    (lambda e, c: setattr(e.cluster, "address", "https://other.test"), "cluster: fake https://fake.test → fake https://o"),
]  # fmt: skip


@pytest.mark.parametrize(("touch", "told"), TOUCHES)
def test_whatever_changes_before_the_apply_voids_the_approval_and_is_named(
    estate: Estate, touch: Touch, told: str
) -> None:
    change = estate.request()
    touch(estate, change)
    estate.changes.replan(LOCAL_ACTORS["requester"], change.id)
    after = estate.plan(change.id)
    assert after.plan_digest != change.plan_digest
    assert any(told in line for line in after.void_reasons), after.void_reasons


def test_a_change_of_the_lock_is_seen(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    change = estate.request()
    plain = estate.tofu.plan
    monkeypatch.setattr(estate.tofu, "plan", lambda *a, **k: replace(plain(*a, **k), lock=b"# another\n"))
    estate.changes.replan(LOCAL_ACTORS["requester"], change.id)
    assert any("provider.lock.hcl" in line for line in estate.plan(change.id).void_reasons)


def test_a_changed_chart_of_an_add_on_is_seen(estate: Estate) -> None:
    change = estate.request(estate.asked(shop=True))
    assert change.plan is not None
    assert change.plan.summary["add-ons"] == "shop: 1 objects"
    assert "size: '1'" in estate.evidence.read(change, "manifests.yaml").decode()
    estate.write("helm/shop/values.yaml", "colour: red\n")
    estate.changes.replan(LOCAL_ACTORS["requester"], change.id)
    assert any(line.startswith("chart shop") for line in estate.plan(change.id).void_reasons)


def test_secrets_are_given_to_tofu_and_kept_nowhere_else(estate: Estate) -> None:
    estate.write("secrets/hook", "hunter22-hunter22\n")
    change = estate.request(estate.asked(key="secret://hook"))
    assert change.plan is not None, change.outcome
    kept = b"".join(estate.blobs.get(piece.digest) for piece in change.plan.evidence)
    recorded = json.dumps([str(row) for row in estate.store.recorded]) + str(change)
    assert "hunter22" not in kept.decode() + recorded
    assert "secret://hook" in recorded


def test_a_secret_in_the_open_or_missing_is_refused(estate: Estate) -> None:
    requester = LOCAL_ACTORS["requester"]
    with pytest.raises(InputError, match="sensitive"):
        estate.service.request(requester, estate.asked(key="hunter22"), "why")
    with pytest.raises(NotFoundError, match="no secret"):
        estate.service.request(requester, estate.asked(key="secret://nope"), "why")
    assert estate.changes.find() == []


def test_nothing_to_do_is_no_success(estate: Estate) -> None:
    estate.provision()
    again = estate.request()
    assert again.state is State.FAILED
    assert "Nothing would change in blue." in outcome(again)


def test_a_newer_blueprint_is_an_upgrade_even_when_nothing_else_changes(estate: Estate) -> None:
    estate.provision()
    estate.write(f"{FOLDER}/small/blueprint.yaml", YAML.replace("1.0.0", "1.1.0"))
    blue = estate.service.get("blue")
    assert (blue.version, estate.service.upgrade(blue)) == ("1.0.0", "1.1.0")
    estate.provision()
    blue = estate.service.get("blue")
    assert (blue.version, estate.service.upgrade(blue)) == ("1.1.0", "")


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda e: setattr(e.tofu, "locked", {"blue"}), "holds its lock since"),
        (
            lambda e: e.write(f"{FOLDER}/small/blueprint.yaml", YAML + "policies: [nope]\n"),
            "asks for the policies nope",
        ),
    ],
)
def test_what_keeps_it_from_planning_is_told(estate: Estate, act: Callable[[Estate], object], told: str) -> None:
    act(estate)
    assert told in outcome(estate.request())


def test_a_tier_below_the_blueprint_s_is_refused(estate: Estate) -> None:
    estate.write(f"{FOLDER}/small/blueprint.yaml", YAML.replace("tier: dev", "tier: prod"))
    assert "can't be of tier 'dev'" in outcome(estate.request())
    assert estate.request(replace(estate.asked(), tier="prod")).approvals_required == 2


def test_a_destroy_names_what_it_takes_away(estate: Estate) -> None:
    estate.provision()
    estate.clock.step(1)
    change = estate.service.destroy(LOCAL_ACTORS["requester"], "blue", "blue", "not used")
    planned = estate.plan(change.id)
    assert planned.plan is not None, planned.outcome
    assert planned.plan.summary["destroys"] == "thing.blue, thing.size-1"
    assert planned.approvals_required == 1
    assert (change.judged_tier, planned.judged_tier) == ("prod", "dev"), "before the plan nobody knows its tier"
    asked = next(document for family, document in reversed(estate.policy.asked) if family == "environment")
    assert asked["environment"]["action"] == "destroy"
    assert asked["environment"]["networks"] == []
    with pytest.raises(InputError, match="not confirmed"):
        estate.service.destroy(LOCAL_ACTORS["requester"], "blue", "bleu", "not used")
    with pytest.raises(NotFoundError):
        estate.service.destroy(LOCAL_ACTORS["requester"], "green", "green", "not used")


def test_of_two_who_want_one_network_the_earlier_one_is_known_to_the_later(estate: Estate) -> None:
    estate.request()
    estate.request(estate.asked("green"))
    documents = [document["environment"] for family, document in estate.policy.asked if family == "environment"]
    assert [[o["name"] for o in d["others"]] for d in documents] == [[], ["blue"]]
    assert documents[1]["others"][0]["networks"][0]["cidr"] == "10.1.0.0/16"
