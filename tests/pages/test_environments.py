"""The page of environments: inventory, wizard with live verdicts and draft, one environment with its acts."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components import environment_form
from app.components.environment_form import REQUIRED
from conductor_core.domain import changes as c
from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import Outcome
from conductor_core.domain.policies import Answer
from conductor_core.domain.tofu_events import Problem
from conductor_core.errors import UnreachableError
from tests.fakes.environments import TF, Estate
from tests.pages.drive import open_page, press, seen
from tests.pages.support import FakeConductor, Unreachable
from tests.pages.worlds import full
from tests.timing import processor_seconds

POOLS = (
    TF
    + """variable "node_pools" {
  type = map(object({nodes = number, cpu = optional(number, 4), zones = optional(list(string), [])}))
  default = {general = {nodes = 2}}
}
"""
)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


@pytest.fixture
def conductor(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> FakeConductor:
    """Each change draws the whole page: when a fragment ran alone, `AppTest` knows nothing but the fragment."""
    monkeypatch.setattr(environment_form, "_judge", lambda form: None)
    made = full()
    made.environments = estate.service  # type: ignore[attr-defined]  # what this page asks for
    return made


@pytest.fixture
def judging(conductor: FakeConductor, monkeypatch: pytest.MonkeyPatch) -> FakeConductor:
    """As it is: a change runs the fragment of the verdicts, and nothing else."""
    monkeypatch.undo()
    return conductor


def wizard(conductor: FakeConductor, who: str = "requester", draft: str = "drf-1") -> AppTest:
    return open_page(conductor, "environments", who, blueprint="small", draft=draft)


def typed(at: AppTest, name: str, value: str, draft: str = "drf-1") -> AppTest:
    at.text_input(key=f"env_{draft}_{name}").set_value(value).run()
    assert not at.exception, [error.message for error in at.exception]
    return at


def test_without_environments_it_says_how_to_begin(conductor: FakeConductor) -> None:
    at = open_page(conductor, "environments")
    text = seen(at)
    assert "There is no environment yet." in text
    assert "small 1.0.0 · tier dev" in text
    press(at, "create_small")
    assert at.title[0].value == "New: Small"


def test_a_broken_blueprint_is_named_and_the_rest_works(conductor: FakeConductor, estate: Estate) -> None:
    estate.write("infra/terraform/blueprints/half/main.tf", "variable {")
    text = seen(open_page(conductor, "environments"))
    assert "infra/terraform/blueprints/half is left out." in text
    assert "small 1.0.0" in text


def test_what_is_missing_is_told_and_nothing_can_be_requested(conductor: FakeConductor) -> None:
    at = wizard(conductor)
    assert "2 to mend: environment, network_cidr" in seen(at)
    assert REQUIRED not in seen(at)
    assert at.button(key="env_request").disabled


def test_values_are_judged_while_they_are_typed(conductor: FakeConductor, estate: Estate) -> None:
    at = typed(wizard(conductor), "name", "blue")
    typed(at, "network_cidr", "10.1.0.1/16")
    assert "is no network" in seen(at)
    estate.tofu.problems = [Problem("Invalid value for variable", "Write a network.", "var.network_cidr")]
    typed(at, "network_cidr", "10.1.0.2/16")
    assert "✕ Write a network." in seen(at)
    assert "is no network" not in seen(at), "one fault is told once"
    estate.tofu.problems = [Problem("Invalid value for variable", "At most nine.", "var.size")]
    typed(at, "network_cidr", "10.1.0.0/16")
    assert "10.1.0.0/16 holds 65,536 addresses" in seen(at)
    assert "✕ At most nine." in seen(at)
    estate.tofu.problems = []
    typed(at, "network_cidr", "10.2.0.0/16")
    assert "At most nine." not in seen(at)
    assert not at.button(key="env_request").disabled


def test_what_policy_says_stands_below_the_field_that_it_is_about(conductor: FakeConductor, estate: Estate) -> None:
    def finding(text: str, path: str) -> dict[str, str]:
        return {"rule": "environment/net", "path": path, "msg": text, "clears_by": "Choose another."}

    overlap = finding("It overlaps green.", "environment/network_cidr")
    limit = finding("There are 9 of them.", "environment/limits/environments")
    public = finding("It is public.", "environment/network_cidr")
    estate.policy.rule_functions["environment"] = lambda asked: Answer(
        *(([overlap, limit], [public]) if "10.1.0.0/16" in str(asked) else ([], [])), ["environment/net"]
    )
    at = typed(typed(wizard(conductor), "name", "blue"), "network_cidr", "10.1.0.0/16")
    below = [m.value for m in at.markdown if ":small[" in m.value]
    assert below == [
        ":small[:red[✕ It overlaps green\\. Choose another\\.]]",
        ":small[:orange[! It is public\\. Choose another\\.]]",
    ]
    typed(at, "network_cidr", "10.2.0.0/16")
    assert "overlaps" not in seen(at)


def test_a_change_draws_no_field_again(judging: FakeConductor, estate: Estate) -> None:
    at = wizard(judging)
    at.text_input(key="env_drf-1_name").set_value("blue")
    at.text_input(key="env_drf-1_network_cidr").set_value("10.1.0.0/16")
    at.run()
    assert [field.key for field in at.text_input] == ["env_reason"]
    assert "10.1.0.0/16: 65,536 addresses" in seen(at)
    assert "conductor env request blue --blueprint small" in seen(at)
    assert not at.button(key="env_request").disabled
    (kept,) = estate.service.drafts.of(LOCAL_ACTORS["requester"].key)
    assert (kept.environment, kept.values["network_cidr"]) == ("blue", "10.1.0.0/16")


def test_a_request_leads_to_its_change_and_the_draft_is_gone(conductor: FakeConductor, estate: Estate) -> None:
    at = typed(typed(wizard(conductor), "name", "blue"), "network_cidr", "10.1.0.0/16")
    assert "conductor env request blue --blueprint small" in seen(at)
    press(at, "env_request")
    assert "A reason is needed." in seen(at)
    at.text_input(key="env_reason").set_value("team blue")
    at.button(key="env_request").click().run()
    (change,) = estate.changes.find()
    assert change.parameters["variables"] == {"network_cidr": "10.1.0.0/16"}
    assert estate.service.drafts.of(LOCAL_ACTORS["requester"].key) == []


def test_a_draft_survives_the_closing_of_the_browser(conductor: FakeConductor) -> None:
    typed(typed(wizard(conductor), "name", "blue"), "network_cidr", "10.1.0")
    again = wizard(conductor)
    assert again.text_input(key="env_drf-1_network_cidr").value == "10.1.0"
    assert "**blue** from small" in seen(open_page(conductor, "environments"))


def test_who_may_not_request_is_told(conductor: FakeConductor) -> None:
    at = typed(typed(wizard(conductor, "approver"), "name", "blue"), "network_cidr", "10.1.0.0/16")
    assert "The draft is not kept" in seen(at)
    at.text_input(key="env_reason").set_value("team blue")
    press(at, "env_request")
    assert "It takes the role captain or operator" in seen(at)


def test_tfvars_fill_the_form(conductor: FakeConductor) -> None:
    at = wizard(conductor)
    at.text_area(key="env_drf-1_paste").set_value('network_cidr = "10.9.0.0/16"\nsize = 4\n').run()
    press(at, "env_drf-1_fill")
    assert at.text_input(key="env_drf-1_network_cidr").value == "10.9.0.0/16"
    at.text_area(key="env_drf-1_paste").set_value("colour = 1").run()
    press(at, "env_drf-1_fill")
    assert "The text sets 'colour', which small has not." in seen(at)


def test_node_pools_are_a_table(conductor: FakeConductor, estate: Estate) -> None:
    estate.write("infra/terraform/blueprints/small/main.tf", POOLS)
    estate.tofu.defaults["node_pools"] = {"general": {"nodes": 2, "cpu": 4, "zones": []}}
    at = typed(typed(wizard(conductor), "name", "blue"), "network_cidr", "10.1.0.0/16")
    assert "general" in seen(at)
    assert "2 nodes, 8 CPU" in seen(at)


def test_a_table_that_begins_empty_can_be_filled(conductor: FakeConductor, estate: Estate) -> None:
    empty = POOLS.replace("default = {general = {nodes = 2}}", "default = {}")
    estate.write("infra/terraform/blueprints/small/main.tf", empty)
    at = typed(typed(wizard(conductor), "name", "blue"), "network_cidr", "10.1.0.0/16")
    assert list(at.dataframe[0].value.columns) == ["name", "nodes", "cpu", "zones"]
    assert not at.button(key="env_request").disabled


def test_one_environment_has_its_values_and_acts(conductor: FakeConductor, estate: Estate) -> None:
    estate.provision()
    at = open_page(conductor, "environments", environment="blue")
    assert at.title[0].value == "blue"
    assert "small 1.0.0" in seen(at)
    assert "parameters.network_cidr" in seen(open_page(conductor, "environments", environment="blue", tab="Values"))
    press(at, "act_validate")
    assert estate.changes.find()[0].runbook == "validate_environment"
    press(at, "act_change")
    assert at.title[0].value == "Change: Small"
    assert at.text_input[0].disabled


def test_a_destroy_is_confirmed_by_name(conductor: FakeConductor, estate: Estate) -> None:
    estate.provision()
    at = press(open_page(conductor, "environments", environment="blue"), "act_destroy")
    assert at.button(key="destroy_request").disabled
    at.text_input(key="destroy_confirm").set_value("blue").run()
    at.text_input(key="destroy_reason").set_value("not used").run()
    at.button(key="destroy_request").click().run()
    assert estate.changes.find()[0].runbook == "destroy_environment"


def test_two_environments_are_compared(conductor: FakeConductor, estate: Estate) -> None:
    estate.provision()
    estate.provision(estate.asked("green", "10.2.0.0/16"))
    text = seen(open_page(conductor, "environments", environment="blue", tab="Compare"))
    assert "parameters.network_cidr" in text
    assert "10.2.0.0/16" in text


def test_an_unknown_environment_and_a_cluster_that_is_down_are_told(conductor: FakeConductor, estate: Estate) -> None:
    assert "There is no environment 'moon'." in seen(open_page(conductor, "environments", environment="moon"))
    estate.provision()
    estate.cluster.failure = UnreachableError("The cluster does not answer.", next="Start it.")
    assert "The cluster does not answer." in seen(open_page(conductor, "environments", environment="blue"))


@pytest.mark.timed
def test_a_hundred_parameters_answer_at_once(conductor: FakeConductor, estate: Estate) -> None:
    many = "".join(f'variable "p{n}" {{\n  type = string\n  default = "x"\n}}\n' for n in range(100))
    estate.write("infra/terraform/blueprints/small/main.tf", TF + many)
    at = wizard(conductor)
    typed(at, "name", "blue")
    assert at.text_input(key="env_drf-1_p99").value == "x"
    small = estate.service.blueprints().get("small")
    networks = (f"10.{n}.0.0/16" for n in range(1, 9))  # equal questions are answered from what is known
    took = processor_seconds(lambda: estate.service.live(small, "blue", {"network_cidr": next(networks)}))
    assert took < 0.3


def test_a_resource_is_chosen_to_be_made_anew(conductor: FakeConductor, estate: Estate) -> None:
    estate.provision()
    at = open_page(conductor, "environments", environment="blue")
    press(at, "act_change")
    estate.clock.step(1)
    assert "Change: Small" in seen(at)
    assert at.multiselect(key="env_replace").options == ["thing.blue", "thing.size-1"]
    at.multiselect(key="env_replace").set_value(["thing.blue"]).run()
    at.toggle(key="env_allow").set_value(True).run()
    at.text_input(key="env_reason").set_value("it is ill").run()
    press(at, "env_request")
    newest = estate.changes.find()[0]
    assert newest.parameters["replace"] == ["thing.blue"]
    assert estate.plan(newest.id).plan is not None


def test_the_bell_has_what_is_sent_to_the_messenger(conductor: FakeConductor, estate: Estate) -> None:
    conductor.store = estate.store
    change = estate.request()
    at = open_page(conductor, "environments")
    assert f"{change.title} waits for 1 approval." in seen(at)
    assert "blast radius: 2 new" in seen(at)
    conductor.store = Unreachable()
    st.cache_data.clear()
    at = open_page(conductor, "environments")
    assert "Notices can't be read" in seen(at)


def test_a_failed_apply_says_why_and_leads_to_its_change(conductor: FakeConductor, estate: Estate) -> None:
    change = estate.start(estate.request())
    estate.changes.apply(change.id, c.Finish((), Outcome("tofu_apply failed.", "No quota.", "Ask."), "sha256:notebook"))
    text = seen(open_page(conductor, "environments", environment="blue"))
    assert "tofu_apply failed." in text
    assert "No quota." in text
    assert "Open the Change" in text
