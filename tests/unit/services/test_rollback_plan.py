"""A rollback goes back in the cluster and in Git, and quarantines what it leaves; each wish can be declined."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.domain.changes import State
from conductor_core.errors import InputError, NotFoundError
from tests.fakes.conductor import FakeConductor, build

WHERE: dict[str, object] = {"release": "intelgraph", "channel": "dev"}
BACK = ["quarantine_version", "helm_rollback", "git_revert"]
VALUES, CHART = "helm/intelgraph/values-dev.yaml", "helm/intelgraph/Chart.yaml"


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    """Two deploys of dev by Changes: r2 with size 2 and version 4.5.6, r3 with size 3 and version 4.5.7."""
    conductor = build(tmp_path)
    deploy(conductor)
    bad = {VALUES: b"size: 3\n", CHART: b"name: intelgraph\nversion: 1.2.4\nappVersion: 4.5.7\n"}
    conductor.repository.push("dev", {**bad, "helm/intelgraph/templates/new.yaml": b"apiVersion: v1\nkind: Pod\n"
        b"metadata: {name: new}\n"})  # fmt: skip
    deploy(conductor)
    return conductor


def deploy(conductor: FakeConductor, **sets: str) -> None:
    done = conductor.carry_out("deploy_release", {**WHERE, "sets": dict(sets)}, ["helm_upgrade"])
    assert done.state is State.SUCCEEDED


def back(conductor: FakeConductor, to: int = 2, **more: object) -> dict[str, str]:
    done = conductor.carry_out("rollback_release", {**WHERE, "to_revision": to, **more}, BACK)
    assert done.state is State.SUCCEEDED, done.outcome
    assert done.plan is not None
    return {**done.plan.facts, **{f"summary {k}": v for k, v in done.plan.summary.items()}}


def at_tip(conductor: FakeConductor, path: str) -> bytes | None:
    return conductor.repository.commits[conductor.repository.remote["dev"]].files.get(path)


def test_cluster_and_git_go_back_in_one_act_and_the_version_is_quarantined(conductor: FakeConductor) -> None:
    facts = back(conductor)
    assert facts["quarantine"] == "4.5.7"
    assert "quarantine_content" not in facts
    newest = conductor.release_history.of("intelgraph", "dev")[0]
    assert (newest.revision.revision, newest.revision.description, newest.version) == (4, "Rollback to 2", "4.5.6")
    assert at_tip(conductor, VALUES) == b"size: 2\n"
    assert at_tip(conductor, "helm/intelgraph/templates/new.yaml") is None
    commit = conductor.repository.log("dev")[0]
    assert "chg-" in commit.subject
    assert commit.author.name == "requester"
    conductor.releases.refresh()
    assert conductor.releases.compare("intelgraph", "revision:dev/4", "channel:dev").same
    (bad,) = conductor.quarantines.active("intelgraph")
    assert (bad.version, bad.channel, bad.held, bad.content) == ("4.5.7", "dev", True, "")
    past = {p.revision.revision: p for p in conductor.release_history.of("intelgraph", "dev")}
    assert [n for n, p in past.items() if p.quarantine] == [3]
    assert past[4].good
    assert past[4].commit == past[2].commit != past[3].commit


def test_where_the_version_is_the_same_the_content_is_named(conductor: FakeConductor) -> None:
    deploy(conductor, size="9")
    facts = back(conductor, 3)
    assert facts["quarantine"] == "4.5.7"
    assert facts["quarantine_content"].startswith("hmac-sha256:")
    assert facts["summary git"] == "nothing to revert on dev"
    past = {p.revision.revision: p.quarantine is not None for p in conductor.release_history.of("intelgraph", "dev")}
    assert past == {1: False, 2: False, 3: False, 4: True, 5: False}


def test_wishes_can_be_declined(conductor: FakeConductor) -> None:
    tip = conductor.repository.remote["dev"]
    facts = back(conductor, quarantine=False, revert_git=False)
    assert facts["summary quarantine"] == "none"
    assert facts["summary git"].startswith("Git stays as it is")
    assert conductor.quarantines.active() == []
    assert conductor.repository.remote["dev"] == tip


def test_chosen_values_are_an_upgrade_to_the_commit_of_that_revision(conductor: FakeConductor) -> None:
    facts = back(conductor, sets={"size": "7"})
    assert "with chosen values" in facts["summary does"]
    newest = conductor.releases.history("intelgraph", "dev")[-1]
    assert 'size: "7"' in newest.manifest
    assert newest.app_version == "4.5.6"
    assert newest.operation_id.startswith("chg-")


def test_a_revision_that_no_change_made_is_found_in_the_branch(conductor: FakeConductor) -> None:
    facts = back(conductor, 1)  # installed by hand, before the first Change
    assert facts["git source"] == facts["commit"]
    assert at_tip(conductor, VALUES) == b"size: 2\n"


def test_git_stays_where_no_commit_fits(conductor: FakeConductor) -> None:
    conductor.helm.upgrade(conductor.releases.chart_request("intelgraph", "dev", sets={"size": "77"}), "by-hand")
    deploy(conductor)
    facts = back(conductor, 4)
    assert "No commit of dev is known" in facts["summary git"]
    with pytest.raises(InputError, match="can't be given other values"):
        back(conductor, 4, sets={"size": "1"})


def test_files_that_another_channel_reads_from_the_branch_stay(conductor: FakeConductor) -> None:
    channels = (
        "releases:\n  intelgraph:\n    chart: helm/intelgraph\n    channels:\n"
        "      dev: {branch: dev, namespace: intelgraph-dev, values: [helm/intelgraph/values-dev.yaml], tier: dev}\n"
        "      qa: {branch: dev, namespace: intelgraph-qa, values: [], tier: dev}\n"
    )
    conductor.repository.push("main", {"channels.yaml": channels.encode()})
    facts = back(conductor)
    assert "stays as it is: intelgraph/qa reads it from the same branch" in facts["summary git"]
    assert at_tip(conductor, VALUES) == b"size: 2\n"
    assert at_tip(conductor, CHART) != b"name: intelgraph\nversion: 1.2.3\nappVersion: 4.5.6\n"


def test_an_unknown_revision_lists_the_known(conductor: FakeConductor) -> None:
    with pytest.raises(NotFoundError) as caught:
        back(conductor, 40)
    assert "3, 2, 1" in caught.value.why


def test_a_branch_that_moved_is_not_overwritten(conductor: FakeConductor) -> None:
    change = conductor.changes.request(
        conductor.actor("requester"), "rollback_release", {**WHERE, "to_revision": 2}, "as asked"
    )
    draft = conductor.shelf.plans["release_rollback"](change)
    tip = conductor.repository.push("dev", {VALUES: b"size: 4\n"})
    again = conductor.shelf.plans["release_rollback"](change)
    assert draft.facts["git tip"] != again.facts["git tip"] == tip
