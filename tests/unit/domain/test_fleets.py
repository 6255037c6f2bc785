"""Fleets: what moves in lockstep."""

from __future__ import annotations

from dataclasses import replace

from conductor_core.domain.fleets import LABEL, Member, fleets, member
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
