"""The page of releases: matrix, one release in one channel, deploy and roll back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.components import release_matrix
from conductor_core.domain.web_assets import Asset, Page
from conductor_core.services.release_inventory import Row
from tests.pages.drive import open_page, press, seen
from tests.pages.support import FakeConductor, rows
from tests.pages.worlds import broken, empty, full


@pytest.fixture
def conductor() -> FakeConductor:
    return full()


def one(conductor: FakeConductor, channel: str = "staging", who: str = "requester", **where: str) -> AppTest:
    return open_page(conductor, "releases", who, release="intelgraph", channel=channel, **where)


def test_empty_says_how_to_fill_it() -> None:
    text = seen(open_page(empty(), "releases"))
    assert "No release is declared." in text
    assert "Declare one in channels.yaml of the operations repository." in text


@pytest.mark.parametrize("who", ["requester", "approver", "captain"])
@pytest.mark.parametrize("where", [{}, {"release": "intelgraph", "channel": "dev"}])
def test_broken_shows_diagnostics(where: dict[str, str], who: str) -> None:
    at = open_page(broken(), "releases", who, **where)
    assert len(at.error) == 1
    assert "Start it with `make up`" in seen(at)


def test_the_matrix_has_a_line_a_release_and_a_column_a_channel(conductor: FakeConductor) -> None:
    table = open_page(conductor, "releases").dataframe[0].value
    assert list(table.columns) == ["release", "dev", "staging", "prod", "health", "branch", "last deploy"]
    first = table.iloc[0]
    assert (first["release"], first["dev"], first["staging"]) == ("intelgraph", "✓ 1.8.0  r41", "✓ 1.7.0  r37  ≠")
    assert table.iloc[4]["prod"] == "–"


def test_left_out_and_foreign_releases_are_named(conductor: FakeConductor) -> None:
    text = seen(open_page(conductor, "releases"))
    assert "broken-one is left out." in text
    assert "legacy-cron" in text


def test_filters(conductor: FakeConductor) -> None:
    at = open_page(conductor, "releases")
    at.text_input(key="q").set_value("graph").run()
    assert list(at.dataframe[0].value["release"]) == ["intelgraph", "graph-ingest"]
    at.text_input(key="q").set_value("").run()
    at.segmented_control(key="only").set_value("not installed").run()
    assert list(at.dataframe[0].value["release"]) == ["notifier"]
    assert "1 of 6 releases · 6 not healthy · 5 not in step · 1 not installed" in seen(at)


def test_a_line_is_judged_by_its_worst_channel() -> None:
    found, channels = release_matrix.lines(rows(6))
    assert channels == ["dev", "staging", "prod"]
    assert {line.release: line.health for line in found}["gateway"] == "degraded"
    assert {line.release: line.step for line in found}["intelgraph"] == "not in step"


def test_one_release_shows_where_it_stands(conductor: FakeConductor) -> None:
    text = seen(one(conductor))
    for part in ("intelgraph-staging", "revision 37", "not in step", "awaiting approval", "waits for 1 approval"):
        assert part in text
    assert conductor.releases.asked[0][:3] == ("intelgraph", "live:staging", "channel:staging")


@pytest.mark.parametrize(
    ("where", "what"), [("qa", "intelgraph has no channel qa."), ("dev", "There is no release x.")]
)
def test_an_unknown_one_is_named(where: str, what: str, conductor: FakeConductor) -> None:
    release = "x" if where == "dev" else "intelgraph"
    assert what in seen(open_page(conductor, "releases", release=release, channel=where))


def test_the_channel_switch_changes_the_address(conductor: FakeConductor) -> None:
    at = one(conductor)
    at.segmented_control(key="channel_switch").set_value("dev").run()
    assert at.query_params["channel"] == "dev"
    assert "intelgraph-dev" in seen(at)


def test_revisions_and_values_hide_secrets(conductor: FakeConductor) -> None:
    text = seen(one(conductor, tab="Revisions"))
    assert "r37" in text
    assert "(/changes?change=chg-01KB0000000000000000000001)" in text
    text = seen(one(conductor, tab="Values"))
    assert "tag: 1.7.0" in text
    assert "••••" in text
    assert "hunter2" not in text


def test_deploy_shows_what_it_would_change_then_requests(conductor: FakeConductor) -> None:
    at = press(one(conductor), "act_deploy")
    text = seen(at)
    assert "Deploy intelgraph to staging" in text
    assert "3 changed" in text
    assert "Tier staging needs 1 approval by others than you." in text
    at.text_area(key="deploy_sets").set_value("image.tag=1.9.0\nreplicas=6").run()
    assert conductor.releases.asked[-1][3] == {"image.tag": "1.9.0", "replicas": "6"}
    press(at, "release_request")
    assert "A reason is needed." in seen(at)
    at.text_input(key="release_reason").set_value("new image")
    press(at, "release_request")
    change = conductor.changes.find()[0]
    assert change.parameters == {
        "release": "intelgraph",
        "channel": "staging",
        "sets": {"image.tag": "1.9.0", "replicas": "6"},
    }
    assert change.reason == "new image"
    assert at.title[0].value == "Deploy intelgraph to staging"


def test_a_value_that_cant_be_read_can_not_be_requested(conductor: FakeConductor) -> None:
    at = press(one(conductor), "act_deploy")
    at.text_area(key="deploy_sets").set_value("image.tag").run()
    assert "Each line is a name, '=' and a value." in seen(at)
    assert "release_request" not in {b.key for b in at.button}


def test_an_approver_is_refused_with_the_reason(conductor: FakeConductor) -> None:
    at = press(one(conductor, who="approver"), "act_deploy")
    at.text_input(key="release_reason").set_value("try it")
    press(at, "release_request")
    assert "It takes the role captain or operator; approver has approver, viewer." in seen(at)


def test_rollback_names_target_and_effect(conductor: FakeConductor) -> None:
    at = press(one(conductor), "act_roll_back")
    text = seen(at)
    assert "**intelgraph** in **staging** (namespace intelgraph-staging) gets a new revision r38" in text
    assert "The newest that was good: **r36**" in text
    at.segmented_control(key="way_back").set_value("A revision as it ran").run()
    at.selectbox(key="rollback_to").set_value(34).run()
    assert conductor.releases.asked[-1][:3] == ("intelgraph", "live:staging", "revision:staging/34")
    at.text_input(key="release_reason").set_value("errors after the deploy")
    press(at, "release_request")
    change = conductor.changes.find()[0]
    assert (change.runbook, change.parameters["to_revision"]) == ("rollback_release", 34)
    assert (change.parameters["quarantine"], change.parameters["revert_git"]) == (True, True)


def test_a_way_back_with_chosen_values_and_without_its_wishes(conductor: FakeConductor) -> None:
    at = press(one(conductor), "act_roll_back")
    at.segmented_control(key="way_back").set_value("A revision with chosen values").run()
    at.text_area(key="rollback_sets").set_value("image.tag=1.6.9").run()
    assert "with the chart, and the chosen values over the values, of r" in seen(at)
    at.checkbox(key="wish_quarantine").set_value(False).run()
    at.checkbox(key="wish_git").set_value(False).run()
    at.text_input(key="release_reason").set_value("only that tag")
    press(at, "release_request")
    given = conductor.changes.find()[0].parameters
    assert (given["sets"], given["quarantine"], given["revert_git"]) == ({"image.tag": "1.6.9"}, False, False)


def test_what_is_in_quarantine_is_seen_and_can_be_released(conductor: FakeConductor) -> None:
    at = one(conductor)
    assert "1.7.9 in quarantine" in seen(at)
    assert "automation of staging is held" in seen(at)
    key = next(b.key for b in at.button if str(b.key).startswith("act_unquarantine_"))
    at = press(at, str(key))
    assert "goes on" in seen(at)
    at.text_input(key="unquarantine_reason").set_value("it was the database")
    press(at, "unquarantine_request")
    change = conductor.changes.find()[0]
    assert (change.runbook, change.parameters["version"]) == ("unquarantine_release", "1.7.9")


def test_back_closes_the_dialog(conductor: FakeConductor) -> None:
    at = press(one(conductor), "act_deploy")
    press(at, "release_back")
    assert "release_request" not in {b.key for b in at.button}
    assert len(conductor.changes.find()) == 10


def test_smoke_shows_how_each_suite_stands_and_has_gone(conductor: FakeConductor) -> None:
    at = one(conductor, tab="Smoke")
    text = seen(at)
    assert "IntelGraph answers" in text
    assert "asked for before a deploy (warn), run after a deploy" in text
    assert "graphql: 31 of 400 failed" in text
    assert "half.yaml is left out." in text
    assert [m.label for m in at.metric] == ["p95", "failed"]
    assert at.metric[0].value == "124 ms"
    assert len(at.dataframe[0].value) == 12


def test_values_say_where_they_come_from_and_whether_versions_agree(conductor: FakeConductor) -> None:
    at = one(conductor, tab="Values")
    assert "is stated alike by image.tag of the values, the API itself" in seen(at)
    at.segmented_control(key="values_of_staging").set_value("channel:staging").run()
    assert list(at.dataframe[0].value["from"]) == ["helm/intelgraph/values-staging.yaml:3"]
    assert list(at.dataframe[0].value["overrides"]) == ["helm/intelgraph/values.yaml:8"]


def owned_by_argo_cd(conductor: FakeConductor, **where: str) -> AppTest:
    row = next(r for r in conductor.releases.inventory().rows if r.application)
    return open_page(conductor, "releases", "requester", release=row.release, channel=row.channel, **where)


def test_what_argo_cd_manages_says_so_and_goes_back_by_git(conductor: FakeConductor) -> None:
    at = owned_by_argo_cd(conductor)
    text = seen(at)
    assert "managed by Argo CD" in text
    assert "not installed" not in text
    assert not [b for b in at.button if b.label == "Roll back"]
    press(at, "act_revert")
    assert at.text_input(key="revert_commit").value == "77ab1c2" + "0" * 33
    assert "is synced to it" in seen(at)
    assert conductor.releases.asked[-1][2] == f"commit:{'77ab1c2' + '0' * 33}/dev"
    at.text_input(key="revert_reason").set_value("errors")
    press(at, "revert_request")
    change = conductor.changes.find()[0]
    assert change.runbook == "revert_release"
    assert (change.parameters["to_commit"], change.parameters["quarantine"]) == ("77ab1c2" + "0" * 33, True)


@pytest.mark.parametrize(("tab", "words"), [("Revisions", "Argo CD manages it."), ("Values", "values-")])
def test_the_tabs_of_what_argo_cd_manages(conductor: FakeConductor, tab: str, words: str) -> None:
    at = owned_by_argo_cd(conductor, tab=tab)
    assert words in seen(at) + str([list(d.value.columns) + list(d.value.get("from", [])) for d in at.dataframe])


def test_a_prediction_and_what_the_server_says_are_told_apart(conductor: FakeConductor) -> None:
    at = one(conductor)
    assert "local prediction" in seen(at)
    assert conductor.releases.wishes[-1] == (False, False)
    at.toggle(key="confirm").set_value(True).run()
    at.toggle(key="all_fields").set_value(True).run()
    assert conductor.releases.wishes[-1] == (True, True)
    assert "the server disagrees" in seen(at)
    linked = open_page(conductor, "releases", release="intelgraph", channel="staging", confirm="true")
    assert (conductor.releases.wishes[-1], linked.toggle(key="confirm").value) == ((False, True), True)
    both = {"from": "channel:dev", "to": "channel:staging"}
    stored = open_page(conductor, "releases", release="intelgraph", channel="staging", **both)
    assert not stored.toggle
    assert "local prediction" not in seen(stored)


def test_a_comparison_is_in_the_address_and_any_state_can_be_typed(conductor: FakeConductor) -> None:
    asked = {"from": "revision:staging/34", "to": "commit:4f2c9d1/staging"}
    at = open_page(conductor, "releases", release="intelgraph", channel="staging", **asked)
    assert conductor.releases.asked[-1][:3] == ("intelgraph", *asked.values())
    at.selectbox(key="ref_From_live:staging").set_value("live:staging").run()
    assert at.query_params["from"] in ("live:staging", ["live:staging"])
    assert conductor.releases.asked[-1][1] == "live:staging"


def test_missing_files_of_the_ui_are_told_with_their_purge() -> None:
    conductor = full()
    found = Page(
        "https://ui.test/", (Asset("https://ui.test/app.js", 404), Asset("https://cdn.test/x", 0, "another host"))
    )
    conductor.ui_assets = SimpleNamespace(look=lambda release, channel: found)  # type: ignore[attr-defined]  # as wired
    at = open_page(conductor, "releases", release="intelgraph", channel="staging", tab="UI files")
    text = seen(at)
    assert "1 of 1 files are missing: https://ui.test/app.js (404)" in text
    assert "✕ 404" in text
    assert "build the UI again" in text
    assert at.button(key="act_purge").label == "Drop them from the cache"
    assert at.button(key="act_rebuild").label == "Build the UI again"


def test_the_files_of_a_ui_that_is_not_installed_are_not_missed(conductor: FakeConductor) -> None:
    at = open_page(conductor, "releases", release="notifier", channel="prod", tab="UI files")
    assert "It has no UI here." in seen(at)
    assert not at.error


def test_a_failed_revision_is_seen_in_its_cell_though_what_runs_is_well() -> None:
    row = Row("shop", "dev", "shop-dev", revision=2, status="failed", app_version="3.1.0", health="healthy")
    assert release_matrix.cell(row) == "✓ 3.1.0  r2 failed"
