"""Pipelines: ApplicationSets and Applications as Argo CD gives them."""

from __future__ import annotations

from conductor_core.domain.pipelines import application, assemble, pipeline
from tests.fakes.argocd import copied, raw_application, raw_pipeline


def test_generators_and_steps_are_named() -> None:
    raw = raw_pipeline(
        "shop",
        spec={
            "generators": [
                {"matrix": {"generators": [{"git": {}}, {"clusters": {}}]}},
                {"pullRequest": {}, "template": {}},
                {},
            ],
            "strategy": {
                "type": "RollingSync",
                "rollingSync": {
                    "steps": [{"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev", "qa"]}]}, {}]
                },
            },
        },
        applicationStatus=[{"application": "shop-dev", "step": "1", "status": "Progressing", "message": "syncing"}],
    )
    found = pipeline(raw)
    assert found.generators == ("matrix (git × clusters)", "pull request", "empty")
    assert found.steps == ("env in dev, qa", "everything")
    assert found.moving
    (whole,) = assemble([found], [application(raw_application("shop-dev", "shop"))])
    assert (whole.applications[0].wave, whole.applications[0].wave_status) == (1, "Progressing")


def test_a_wave_of_minus_one_is_none() -> None:
    raw = raw_pipeline("shop", applicationStatus=[{"application": "shop-dev", "step": "-1", "status": "Waiting"}])
    (whole,) = assemble([pipeline(raw)], [application(raw_application("shop-dev", "shop"))])
    assert whole.applications[0].wave is None


def test_a_pipeline_is_as_well_as_its_worst_application() -> None:
    good, bad = raw_application("a", "shop"), raw_application("b", "shop")
    bad = copied(bad, health={"status": "Degraded", "message": "Back-off"}, sync={"status": "OutOfSync"})
    (whole,) = assemble([pipeline(raw_pipeline("shop"))], [application(good), application(bad)])
    assert (whole.health, whole.sync) == ("Degraded", "OutOfSync")
    assert whole.applications[1].last_error == "Back-off"


def test_applications_without_a_set_come_last_and_empty_sets_say_why() -> None:
    failed = raw_pipeline(
        "alone", conditions=[{"type": "ErrorOccurred", "status": "True", "message": "repository not found"}]
    )
    found = assemble([pipeline(failed)], [application(raw_application("solo"))])
    assert [p.name for p in found] == ["alone", "(none)"]
    assert (found[0].health, found[0].error) == ("Degraded", "repository not found")


def test_an_operation_says_what_did_not_sync() -> None:
    state = {
        "phase": "Failed",
        "message": "one or more objects failed to apply",
        "operation": {"initiatedBy": {"automated": True}},
        "syncResult": {
            "revision": "c" * 40,
            "resources": [
                {"kind": "Rollout", "name": "api", "status": "SyncFailed", "message": "denied by policy"},
                {"kind": "Service", "name": "api", "status": "Synced"},
            ],
        },
    }
    found = application(raw_application("a", operationState=state))
    assert found.operation is not None
    assert found.operation.results == (("Rollout/api", "SyncFailed", "denied by policy"),)
    assert (found.operation.by, found.last_error) == ("automation", "one or more objects failed to apply")
    asked = raw_application("b") | {"operation": {"sync": {}, "info": [{"name": "conductor", "value": "chg-1"}]}}
    waiting = application(asked).operation
    assert waiting is not None
    assert (waiting.running, waiting.operation_id) == (True, "chg-1")


def test_several_sources_and_broken_objects() -> None:
    raw = raw_application("a")
    raw["spec"] |= {"sources": [{"repoURL": "one"}, {"repoURL": "two", "chart": "x"}]}
    raw["status"]["sync"] = {"status": "Synced", "revisions": ["1.2.3", "d" * 40]}
    found = application(raw)
    assert ([s.repository for s in found.sources], found.revision) == (["one", "two"], "1.2.3")
    bare = application({})
    assert (bare.sync, bare.health, bare.automated) == ("Unknown", "Unknown", False)
