"""The CDEvents that we emit are CDEvents: what the published schemas of v0.5.0 ask for, said in a table of our own.

https://github.com/cdevents/spec/tree/v0.5.0/schemas (service{deployed,upgraded,rolledback}.json): which members each
object must have and which it may have; no others are allowed, and no text among them may be empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from conductor_core.domain import cdevents
from conductor_core.domain.events import CDEVENTS, CDEVENTS_SPEC, stamp
from conductor_core.domain.fitting import fit
from conductor_core.domain.plans import Plan
from tests.fakes.domain import NOW, REQUESTER, change
from tests.house.event_catalogue import schemas

PUBLISHED = {f"dev.cdevents.service.{fact}.0.3.0" for fact in ("deployed", "upgraded", "rolledback")}
"""The types of v0.5.0 that we use; it has them in this version and no other."""
MEMBERS: dict[str, tuple[set[str], set[str]]] = {
    "": ({"context", "subject"}, {"customData", "customDataContentType"}),
    "context": ({"specversion", "id", "source", "type", "timestamp"}, {"schemaUri", "chainId", "links"}),
    "subject": ({"id", "content"}, {"source"}),
    "subject.content": ({"environment", "artifactId"}, set()),
    "subject.content.environment": ({"id"}, {"source"}),
}
"""Members that an object must have, and that it may have, by its place in a service event."""
DEPLOY = replace(change(), runbook="deploy_release", parameters={"release": "intelgraph", "channel": "prod"})


def problems(data: Mapping[str, Any]) -> Iterator[str]:
    """What keeps this from being a CDEvent of one of the published types."""
    for place, (must, may) in MEMBERS.items():
        found: Any = data
        for step in filter(None, place.split(".")):
            found = found.get(step, {}) if isinstance(found, Mapping) else {}
        if not isinstance(found, Mapping):
            yield f"{place} is no object"
            continue
        yield from (f"{place}.{name} is missing" for name in must - set(found))
        yield from (f"{place}.{name} is not allowed" for name in set(found) - must - may)
        yield from (f"{place}.{name} is empty" for name, value in found.items() if value == "")
    told = data.get("context")
    context = told if isinstance(told, Mapping) else {}
    if context.get("type") not in PUBLISHED:
        yield "the type is not published"
    if context.get("specversion") != CDEVENTS_SPEC:
        yield "another version of the vocabulary"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", str(context.get("timestamp"))):
        yield "the timestamp is not RFC 3339"
    if not urlsplit(str(context.get("source"))).path:
        yield "the source is no URI reference"
    if not isinstance(data.get("customData", {}), Mapping | str):
        yield "customData is neither object nor text"


def made(runbook: str = "deploy_release", revision: str = "none", version: str = "1.4.2") -> dict[str, Any]:
    plan = Plan((), {"revision": revision, "chart": "intelgraph 0.3.0", "commit": "c0ffee"}, {"version": version})
    (fact,) = cdevents.services(replace(DEPLOY, runbook=runbook, plan=plan))
    return dict(stamp(fact, event_id="evt-1", subject=DEPLOY.id, actor=REQUESTER, now=NOW).data)


def test_we_use_the_published_types_alone() -> None:
    assert CDEVENTS_SPEC == "0.5.0"
    assert {cdevents.DEPLOYED, cdevents.UPGRADED, cdevents.ROLLED_BACK} == PUBLISHED
    assert {kind for kind in schemas() if kind.startswith(CDEVENTS)} == PUBLISHED


@pytest.mark.parametrize(
    ("runbook", "revision"),
    [("deploy_release", "none"), ("deploy_release", "3 deployed"), ("rollback_release", "3 deployed")],
)
def test_what_we_make_is_a_cdevent(runbook: str, revision: str) -> None:
    event = made(runbook, revision)
    assert list(problems(event)) == []
    assert datetime.fromisoformat(event["context"]["timestamp"]) == NOW


def test_it_is_never_cut_since_a_cdevent_has_no_place_to_say_so() -> None:
    event = made(version="v" * 100_000)
    assert fit(event) == event
    assert list(problems(event)) == []


@pytest.mark.parametrize("kind", sorted(PUBLISHED))
def test_our_schema_allows_nothing_that_theirs_refuses(kind: str) -> None:
    for place, (must, may) in MEMBERS.items():
        schema = schemas()[kind]["properties"]["data"]
        for step in filter(None, place.split(".")):
            schema = schema["properties"][step]
        assert must <= set(schema["required"]), place
        assert set(schema["properties"]) <= must | may, place
        assert schema["additionalProperties"] is False, place


def test_every_member_that_must_be_there_is_missed() -> None:
    for place, (must, _) in MEMBERS.items():
        for name in must:
            event = deepcopy(made())
            found = event
            for step in filter(None, place.split(".")):
                found = found[step]
            del found[name]
            assert list(problems(event)), (place, name)
            found[name] = ""
            assert list(problems(event)), (place, name)
    assert list(problems(made() | {"cut": []})) == [".cut is not allowed"]
    other = made()
    other["context"]["type"] = "dev.cdevents.service.deployed.0.2.0"
    assert list(problems(other)) == ["the type is not published"]
