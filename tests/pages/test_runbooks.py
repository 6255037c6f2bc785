"""The library of runbooks, its forms and its refusals."""

from __future__ import annotations

import pytest

from app.components.runbook_form import pairs, read_text, written
from conductor_core.domain.runbooks import Parameter
from conductor_core.errors import InputError
from conductor_core.services.runbooks import RunbookService
from tests.pages.drive import open_page, seen
from tests.pages.support import Files
from tests.pages.worlds import broken, empty, full


def test_the_library_is_by_level_and_names_the_broken() -> None:
    text = seen(open_page(full(), "runbooks"))
    assert text.index("Level 1") < text.index("deploy_release") < text.index("Level 2") < text.index("drain_node")
    assert "runbooks/restart_worker.yaml can't be used" in text
    assert "did you mean approvals?" in text


def test_empty_says_how_to_fill_it() -> None:
    conductor = empty()
    conductor.runbooks = RunbookService(Files((), ()))
    text = seen(open_page(conductor, "runbooks"))
    assert "A runbook is one YAML in runbooks/ and one notebook in notebooks/." in text


def test_words_narrow_the_library() -> None:
    at = open_page(full(), "runbooks")
    at.text_input(key="q").set_value("node").run()
    text = seen(at)
    assert "drain_node" in text
    assert "deploy_release" not in text


@pytest.mark.parametrize("who", ["requester", "approver", "captain"])
@pytest.mark.parametrize("where", [{}, {"runbook": "deploy_release"}])
def test_broken_shows_diagnostics(where: dict[str, str], who: str) -> None:
    at = open_page(broken(), "runbooks", who, **where)
    assert len(at.error) == 1
    assert "The database does not answer." in seen(at)


@pytest.mark.parametrize(("name", "what"), [("no_such", "There is no runbook"), ("restart_worker", "can't be used")])
def test_unknown_and_broken_ones_are_named(name: str, what: str) -> None:
    assert what in seen(open_page(full(), "runbooks", runbook=name))


def test_one_shows_purpose_gates_approvals_links_and_runs() -> None:
    at = open_page(full(), "runbooks", runbook="deploy_release")
    text = seen(at)
    for part in ("Installs or upgrades", "gates: policy, server", "dev none, staging 1, prod 2", "rollback_release"):
        assert part in text
    assert [b.proto.url for b in at.main.get("link_button")] == ["https://example.com/deploy"]
    assert "docs/runbooks.md#deploy_release" in text
    assert len(at.dataframe[0].value) == 10


def test_the_form_is_drawn_from_the_parameters_and_requests() -> None:
    conductor = full()
    at = open_page(conductor, "runbooks", runbook="drain_node")
    at.text_input(key="form_drain_node_node").set_value("pool-a-1")
    at.number_input(key="form_drain_node_grace").set_value(45)
    at.toggle(key="form_drain_node_force").set_value(True)
    at.selectbox(key="form_drain_node_mode").set_value("delete")
    at.text_area(key="form_drain_node_skip").set_value("kube-system\n\n monitoring ")
    at.text_input(key="form_reason").set_value("disk is failing")
    at.button[0].click().run()
    assert not at.exception
    change = conductor.changes.find()[0]
    assert change.parameters == {
        "node": "pool-a-1",
        "grace": 45,
        "ratio": 0.5,
        "force": True,
        "mode": "delete",
        "skip": ["kube-system", "monitoring"],
    }
    assert at.title[0].value.replace("\\", "") == "Drain pool-a-1"


@pytest.mark.parametrize(
    ("who", "node", "reason", "said"),
    [
        ("requester", "", "a reason", "A value is required."),
        ("requester", "Bad Node", "a reason", "It must match"),
        ("requester", "a", "", "A reason is needed."),
        ("approver", "a", "a reason", "It takes the role captain or operator"),
    ],
)
def test_the_service_decides_what_is_accepted(who: str, node: str, reason: str, said: str) -> None:
    conductor = full()
    before = len(conductor.changes.find())
    at = open_page(conductor, "runbooks", who, runbook="drain_node")
    at.text_input(key="form_drain_node_node").set_value(node)
    at.text_input(key="form_reason").set_value(reason)
    at.button[0].click().run()
    assert said in seen(at)
    assert len(conductor.changes.find()) == before


def test_lines_become_lists_and_maps_and_back() -> None:
    listed, mapped = Parameter("x", "list", []), Parameter("x", "dict", {})
    assert read_text(listed, "a\n\n b ") == ["a", "b"]
    assert read_text(mapped, "a.b=1\nc = d=e") == {"a.b": "1", "c": "d=e"}
    assert read_text(Parameter("x", "str", ""), None) == ""
    assert written({"a": "1"}) == "a=1"
    assert written(["a", "b"]) == "a\nb"
    with pytest.raises(InputError, match="can't be read"):
        pairs(["=1"])
