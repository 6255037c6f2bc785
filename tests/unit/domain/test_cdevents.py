"""A Change that succeeds says in CDEvents' words what it did to a service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.domain import cdevents
from conductor_core.domain.events import stamp, words
from conductor_core.domain.plans import Plan
from tests.fakes.domain import NOW, REQUESTER, change

PLAN = Plan((), {"revision": "3 deployed", "chart": "intelgraph 0.3.0", "commit": "c0ffee"}, {"version": "1.4.2"})
DEPLOY = replace(change(), runbook="deploy_release", parameters={"release": "intelgraph", "channel": "prod"}, plan=PLAN)


@pytest.mark.parametrize(
    ("runbook", "revision", "kind"),
    [
        ("deploy_release", "none", cdevents.DEPLOYED),
        ("deploy_release", "3 deployed", cdevents.UPGRADED),
        ("promote_release", "3 deployed", cdevents.UPGRADED),
        ("rollback_release", "3 deployed", cdevents.ROLLED_BACK),
        ("revert_release", "none", cdevents.ROLLED_BACK),
        ("emergency_rollback", "3 deployed", cdevents.ROLLED_BACK),
    ],
)
def test_what_was_done_has_a_type(runbook: str, revision: str, kind: str) -> None:
    plan = replace(PLAN, facts=PLAN.facts | {"revision": revision})
    (fact,) = cdevents.services(replace(DEPLOY, runbook=runbook, plan=plan))
    assert fact.type == kind


def test_the_data_is_a_whole_cdevent() -> None:
    (fact,) = cdevents.services(DEPLOY)
    event = stamp(fact, event_id="evt-1", subject=DEPLOY.id, actor=REQUESTER, now=NOW)
    envelope = event.envelope()
    assert event.data["context"] == {
        "specversion": "0.5.0",
        "id": "evt-1",
        "source": envelope["source"],
        "type": cdevents.UPGRADED,
        "timestamp": envelope["time"],
    }
    assert event.data["subject"] == {
        "id": "intelgraph",
        "content": {"environment": {"id": "prod"}, "artifactId": "pkg:helm/intelgraph@0.3.0"},
    }
    assert event.data["customData"] == {"change": DEPLOY.id, "version": "1.4.2", "commit": "c0ffee"}
    assert words(event.type) == "service.upgraded"


@pytest.mark.parametrize(
    "other",
    [
        replace(DEPLOY, runbook="validate_release"),
        replace(DEPLOY, parameters={"release": "intelgraph"}),
        replace(DEPLOY, parameters={"release": "", "channel": "prod"}),
        replace(DEPLOY, parameters={"release": 1, "channel": "prod"}),
        replace(DEPLOY, plan=None),
    ],
)
def test_what_deploys_nothing_says_nothing(other: object) -> None:
    assert cdevents.services(other) == []  # type: ignore[arg-type]  # a Change
