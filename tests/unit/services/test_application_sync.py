"""The sync of an Application: its plan names what goes before what comes, one sync is sent, and it is found again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Plan
from conductor_core.errors import NotFoundError, RefusedError
from conductor_core.ports.argocd import Managed
from conductor_core.ports.locks import HeldLock
from conductor_core.services.application_sync import ApplicationSync, ApplicationSyncPlan
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.operations import Context
from tests.fakes.argocd import FakeArgoCd, raw_application
from tests.fakes.domain import change


def config(name: str, **more: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, **more}


SECRET = config("key", kind="Secret", stringData={"password": "hunter2-hunter2"})


@dataclass
class Argo(FakeArgoCd):
    """With resources of the test's own."""

    managed: list[Managed] = field(default_factory=list)

    def resources(self, name: str, namespace: str = "") -> tuple[Managed, ...]:
        super().resources(name, namespace)
        return tuple(self.managed)


@pytest.fixture
def argocd() -> Argo:
    made = Argo()
    made.put(raw_application("shop", sync={"status": "OutOfSync", "revision": "c" * 40}))
    made.managed = [
        Managed("", "ConfigMap", "shop", "new", config("new", share=0.25), None),
        Managed("", "ConfigMap", "shop", "kept", config("kept"), config("kept", data={"a": "b"})),
        Managed("", "ConfigMap", "shop", "old", None, config("old")),
        Managed("batch", "Job", "shop", "hook", config("hook"), None, hook=True),
        Managed("", "Secret", "shop", "key", SECRET, SECRET),
    ]
    return made


def planned(argocd: Argo, **given: object) -> ApplicationSyncPlan:
    return ApplicationSyncPlan(
        ArgoSync(argocd, lambda: 0.0, lambda _: None), {"shop": "staging"}.__getitem__, b"k" * 32
    )


def test_the_plan_names_what_goes_before_what_comes(argocd: Argo) -> None:
    draft = planned(argocd)(change(parameters={"application": "shop", "namespace": ""}))
    assert list(draft.summary) == ["removes", "creates", "does", "now"]
    assert draft.summary["removes"] == "ConfigMap shop/old"
    assert draft.summary["creates"] == "ConfigMap shop/new"
    assert draft.summary["does"] == f"sync of shop to {'c' * 12}"
    assert (draft.facts["application"], draft.facts["commit"], draft.tier) == ("shop", "c" * 40, "staging")
    assert len(draft.manifests) == 4
    evidence = draft.pieces["resources.json"][1]
    assert b"hunter2" not in evidence
    assert json.loads(evidence)["removes"] == ["ConfigMap shop/old"]
    assert json.loads(evidence)["resources"][0]["share"] == "0.25"
    assert draft.manifests[0]["share"] == 0.25


def test_another_wish_or_another_removal_is_another_plan(argocd: Argo) -> None:
    plan, asked = planned(argocd), change(parameters={"application": "shop"})
    facts = plan(asked).facts
    assert plan(asked).facts == facts
    argocd.managed[0] = Managed("", "ConfigMap", "shop", "new", config("new", data={"x": "y"}), None)
    wish = plan(asked).facts
    assert wish != facts
    argocd.managed.append(Managed("", "ConfigMap", "shop", "older", None, config("older")))
    assert plan(asked).facts != wish


def test_unknown_ones_and_one_that_is_being_synced_are_refused(argocd: Argo) -> None:
    with pytest.raises(NotFoundError):
        planned(argocd)(change(parameters={"application": "absent"}))
    argocd.sync("shop", "", "another")
    with pytest.raises(RefusedError, match="being synced right now"):
        planned(argocd)(change(parameters={"application": "shop"}))


@pytest.mark.parametrize(
    ("phase", "seen"), [("Succeeded", Observation.DONE), ("Failed", Observation.FAILED), ("Error", Observation.FAILED)]
)
def test_one_sync_is_sent_and_found_again(argocd: Argo, phase: str, seen: Observation) -> None:
    sync = ArgoSync(argocd, lambda: 0.0, lambda _: argocd.finish("shop", phase, "as it went"))
    asked = change(parameters={"application": "shop"})
    draft = ApplicationSyncPlan(sync, lambda _: "dev", b"k" * 32)(asked)
    act = ApplicationSync(sync)
    context = Context(change(plan=Plan((), draft.facts, draft.summary)), HeldLock("x", 0), lambda _: None)
    assert act.observe(context, {})[0] is Observation.ABSENT
    observation, facts = act.dispatch(context, act.prepare(context))
    assert observation is seen
    assert facts["commit"] == "c" * 40
    assert act.observe(context, {})[0] is seen
    assert argocd.asked["sync"] == 1
