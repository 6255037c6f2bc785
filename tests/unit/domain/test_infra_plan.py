"""A plan as `show -json` tells it: acts, order, secrets, what is not known, moved and replaced resources."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from conductor_core.domain import infra_plan
from conductor_core.domain.comparison import Side, compare
from conductor_core.domain.masking import Masker, show
from conductor_core.errors import ToolError

MASKER = Masker(b"k" * 16, ["hunter22"])


def change(address: str, actions: list[str], before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        k: more.pop(k) for k in ("after_unknown", "after_sensitive", "before_sensitive") if k in more
    }
    kind = address.split(".")[-2] if "." in address else address
    body = {"actions": actions, "before": before, "after": after, **parts}
    return {"address": address, "mode": "managed", "type": kind, "name": "x", "change": body, **more}


def plan(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format_version": "1.2", "terraform_version": "1.10.10", "resource_changes": list(changes), **more}


def test_acts_are_counted_and_what_is_destroyed_comes_first() -> None:
    review = infra_plan.read(
        plan(
            change("t.new", ["create"], None, {"a": 1}),
            change("t.same", ["no-op"], {"a": 1}, {"a": 1}),
            change("t.other", ["update"], {"a": 1}, {"a": 2}),
            change("t.gone", ["delete"], {"a": 1}, None, action_reason="delete_because_each_key"),
            change("t.again", ["delete", "create"], {"a": 1}, {"a": 2}, action_reason="replace_by_request"),
            change("t.left", ["forget"], {"a": 1}, None),
            {**change("t.data", ["read"]), "mode": "data"},
        ),
        MASKER,
    )
    assert [r.address for r in review.touched] == ["t.gone", "t.again", "t.left", "t.other", "t.new"]
    radius = review.radius()
    assert (radius.create, radius.update, radius.replace, radius.delete, radius.total) == (1, 1, 1, 1, 4)
    assert radius.destroyed == ("t.gone", "t.again")
    assert radius.text == "1 destroyed, 1 replaced, 1 changed, 1 new"
    assert [r.reason for r in review.touched[:2]] == ["its key is gone from for_each", "asked for by -replace"]


def test_a_moved_resource_is_told_though_nothing_changes() -> None:
    review = infra_plan.read(plan(change("t.b", ["no-op"], {"a": 1}, {"a": 1}, previous_address="t.a")), MASKER)
    assert [(r.act, r.moved_from) for r in review.touched] == [("no-op", "t.a")]
    assert not review.changes_nothing
    assert infra_plan.read(plan(change("t.b", ["no-op"], {}, {})), MASKER).changes_nothing


def test_secrets_are_marks_and_what_is_not_known_says_so() -> None:
    after = {"name": "n", "password": None, "token": "hunter22", "list": ["a", None], "deep": {"x": 1}}
    review = infra_plan.read(
        plan(
            change(
                "t.x",
                ["update"],
                {"name": "n", "token": "old"},
                after,
                after_unknown={"id": True, "list": [False, True], "deep": {"y": True}},
                after_sensitive={"token": True},
                before_sensitive={"token": True},
            )
        ),
        MASKER,
    )
    shown = show(review.resources[0].after)
    assert shown == {
        "deep": {"x": 1, "y": infra_plan.UNKNOWN},
        "id": infra_plan.UNKNOWN,
        "list": ["a", infra_plan.UNKNOWN],
        "name": "n",
        "token": "••••",
    }
    assert "token" not in (review.resources[0].attributes or {})
    assert review.resources[0].before != review.resources[0].after


def test_outputs_that_are_open_are_known_and_the_rest_is_not() -> None:
    review = infra_plan.read(
        plan(
            output_changes={
                "a": {"actions": ["create"], "after": [1], "after_unknown": False, "after_sensitive": False},
                "b": {"actions": ["create"], "after_unknown": True},
                "c": {"actions": ["no-op"], "after": "s", "after_unknown": False, "after_sensitive": True},
            }
        ),
        MASKER,
    )
    assert (review.outputs, review.unknown_outputs) == ({"a": [1]}, ("b",))
    assert not review.changes_nothing


NODE = "kind: Node\nmetadata: {name: n, labels: {a: %s}}\n"


def test_a_manifest_is_the_object_that_it_stands_for() -> None:
    def body(text: str) -> dict[str, Any]:
        return {"kind": "Node", "name": "n", "yaml_body": text, "yaml_body_parsed": text, "live_uid": "u"}

    review = infra_plan.read(
        plan(
            change(
                "kubectl_manifest.n",
                ["update"],
                body(NODE % "x"),
                body(NODE % "y"),
                after_sensitive={"yaml_body": True},
                before_sensitive={"yaml_body": True},
            ),
            change(
                "kubectl_manifest.s",
                ["update"],
                body(NODE % "x"),
                {**body(NODE % "x"), "yaml_body": "changed"},
                after_sensitive={"yaml_body": True},
                before_sensitive={"yaml_body": True},
            ),
        ),
        MASKER,
    )
    assert {r.kind for r in review.resources} == {"Node"}
    assert [o["metadata"]["labels"] for o in infra_plan.objects(review, yaml.safe_load)] == [{"a": "y"}, {"a": "x"}]
    compared = compare(Side("a", ""), Side("b", ""), infra_plan.pairs(review, yaml.safe_load), MASKER)
    told = {r.identity.name: [f.pointer for f in r.fields] for r in compared.resources}
    assert told == {"kubectl_manifest.n": ["/metadata/labels/a"], "kubectl_manifest.s": ["/yaml_body"]}


@pytest.mark.parametrize(
    "document",
    [{}, {"format_version": "2.0"}, plan(errored=True), plan(change("t.x", ["explode"]))],
)
def test_a_document_that_is_no_plan_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ToolError):
        infra_plan.read(document, MASKER)


def test_five_hundred_resources_are_read_at_once() -> None:
    many = [change(f"t.x[{n}]", ["create"], None, {"a": {"b": [n] * 20}}) for n in range(500)]
    review = infra_plan.read(plan(*many), MASKER)
    assert (review.radius().create, len(review.touched)) == (500, 500)
