"""Fleets: what moves in lockstep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.domain.fleets import LABEL, Member, fleets, member, named
from conductor_core.errors import InputError, NotFoundError
from tests.unit.domain.test_rollout_acts import moving


def test_groups_by_label_pipeline_or_version() -> None:
    one = replace(moving(), namespace="a")
    found = fleets(
        [
            one,
            replace(one, namespace="b"),
            replace(one, namespace="c", name="ui"),
            replace(one, namespace="d", name="ui"),
            replace(one, namespace="e", name="db", labels=((LABEL, "data"),)),
            replace(one, namespace="f", name="lonely"),
        ],
        {("c", "ui"): "shop", ("d", "ui"): "shop"},
    )
    assert [(f.name, len(f.members)) for f in found] == [("api 1.0.0", 2), ("data", 1), ("shop", 2)]
    assert len(found[0].moving) == 2
    assert "pipeline" in found[2].why


def test_clusters_are_part_of_a_group_and_of_a_name() -> None:
    one = replace(moving(), namespace="a")
    (found,) = fleets([one, replace(one, cluster="eu/east")], {}, ("west",))
    assert [m.id for m in found.members] == ["a/api", "eu/east/a/api"]
    assert found.silent == ("west",)
    assert [member(m.id) for m in found.members] == [Member("", "a", "api"), Member("eu/east", "a", "api")]
    assert member("eu/east/a/api").id == "eu/east/a/api"
    assert found.parameters == {"fleet": found.name, "members": ["a/api", "eu/east/a/api"], "silent": ["west"]}


@pytest.mark.parametrize(
    "context",
    ["east", "kind-a", "arn:aws:eks:eu-west-1:4711:cluster/prod", "me@corp/prod/eu", "https://api:6443", "/x"],
)
def test_a_context_may_have_any_name(context: str) -> None:
    assert member(f"{context}/a/api") == Member(context, "a", "api")
    assert member(Member(context, "a", "api").id) == Member(context, "a", "api")


@pytest.mark.parametrize("text", ["", "api", "/api", "a/", "//api", "east//api", "/a/api"])
def test_what_names_no_rollout_is_said(text: str) -> None:
    with pytest.raises(InputError, match="names no rollout"):
        member(text)


def test_a_fleet_is_found_by_its_name() -> None:
    one = replace(moving(), namespace="a")
    known = fleets([one, replace(one, namespace="b")], {})
    assert named(known, "api 1.0.0") is known[0]
    with pytest.raises(NotFoundError, match=r"Known: api 1\.0\.0\."):
        named(known, "shop")
