"""Helm's Secrets decoded: any chart's, any status, hostile ones refused, and operations recognised where they began."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain import releases
from conductor_core.domain.releases import Status
from conductor_core.errors import InputError
from tests.fakes.cluster import release_secret


def raw(payload: bytes, **metadata: Any) -> dict[str, Any]:
    data = {"release": base64.b64encode(base64.b64encode(payload)).decode()}
    return {"metadata": {"name": "sh.helm.release.v1.x.v1", "namespace": "ns", **metadata}, "data": data}


def test_a_revision_is_read_whole() -> None:
    found = releases.decode(release_secret("ns", "shop", 3, "a: 1\n", hooks=[{"path": "h.yaml", "manifest": "b: 2"}]))
    assert (found.namespace, found.name, found.revision, found.status) == ("ns", "shop", 3, Status.DEPLOYED)
    assert (found.chart, found.chart_version, found.app_version) == ("shop", "1.2.3", "4.5.6")
    assert found.updated == datetime(2030, 1, 2, 3, 4, 5, 123456, UTC)
    assert (found.values, found.manifest) == ({"a": 1}, "a: 1\n")
    assert "b: 2" in found.hooks
    assert "canary" not in repr(releases.decode(release_secret("ns", "shop", 3, "canary", config={"p": "canary"})))


def test_a_payload_that_isn_t_zipped_is_read_as_well() -> None:
    assert releases.decode(raw(json.dumps({"name": "x", "version": 1}).encode())).revision == 1


HOSTILE = [
    {},
    {"metadata": {}, "data": None},
    raw(b"no json"),
    raw(b"[]"),
    raw(b'{"name": "x"}'),
    raw(b'{"name": "x", "version": "one"}'),
    raw(b"\x1f\x8b\x08 broken"),
    raw(gzip.compress(b"\0" * (65 * 1024 * 1024))),
    {"metadata": {"name": "s"}, "data": {"release": "!!!"}},
]


@pytest.mark.parametrize("secret", HOSTILE, ids=range(len(HOSTILE)))
def test_what_holds_no_release_is_refused(secret: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="holds no Helm release"):
        releases.decode(secret)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(payload: bytes) -> None:
    with pytest.raises(InputError):
        releases.decode(raw(payload))


def test_heads_come_from_labels_alone() -> None:
    secrets = [release_secret("ns", "shop", n, "", status=s) for n, s in ((10, "deployed"), (9, "superseded"))]
    foreign: list[dict[str, Any]] = [
        {"metadata": {"labels": {"owner": "somebody"}}},
        {"metadata": {"labels": None}},
        {},
    ]
    odd = release_secret("ns", "shop", 1, "")
    odd["metadata"]["labels"]["version"] = "x"
    stripped = [{k: v for k, v in s.items() if k == "metadata"} for s in secrets]
    heads = releases.heads([*stripped, *foreign, odd])
    assert [(h.revision, h.status) for h in heads] == [(9, Status.SUPERSEDED), (10, Status.DEPLOYED)]
    assert releases.latest(heads)[("ns", "shop")].revision == 10


@pytest.mark.parametrize(("text", "pending"), [("pending-upgrade", True), ("uninstalling", True), ("failed", False)])
def test_pending_states(text: str, pending: bool) -> None:
    assert releases.decode(release_secret("ns", "x", 1, "", status=text)).status.pending is pending


def test_an_unknown_status_is_unknown() -> None:
    assert releases.decode(release_secret("ns", "x", 1, "", status="marvellous")).status is Status.UNKNOWN


@given(st.text(min_size=1, max_size=80))
def test_a_description_gives_its_operation_back(operation: str) -> None:
    assert releases.operation_id_of(releases.description_for(operation)) == operation
    key, _, value = releases.operation_label(operation).partition("=")
    assert (key, 1 <= len(value) <= 63) == ("conductor-operation", True)


def labelled(revision: int, operation: str, description: str) -> dict[str, Any]:
    key, _, value = releases.operation_label(operation).partition("=")
    return release_secret("ns", "x", revision, "", description=description, labels={key: value})


@pytest.mark.parametrize("operation", ["op-1", "op:with:colons"])
def test_an_operation_owns_the_revision_where_its_label_began(operation: str) -> None:
    secrets = [
        labelled(3, operation, "Upgrade complete"),  # somebody else's: Helm handed the label on
        labelled(2, operation, 'Upgrade "x" failed: hook'),
        release_secret("ns", "x", 1, ""),
    ]
    history = releases.history(map(releases.decode, secrets))
    assert [(r.revision, r.made_by(operation)) for r in history] == [(1, False), (2, True), (3, False)]
