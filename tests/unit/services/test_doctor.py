"""The doctor on fakes: everything there, and nothing there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conductor_core.domain.doctor import Finding, well
from conductor_core.errors import ToolError, UnreachableError
from conductor_core.ports.commands import CommandResult
from conductor_core.services.doctor import Doctor
from conductor_core.services.status import Connection, Health
from conductor_core.settings import Settings
from tests.fakes.conductor import FakeConductor, build

WORDS = {"git": "git version 2.50.1", "helm": "v3.19.5", "kubectl": "gitVersion: v1.34.4", "k6": "k6 v1.2.3"}


class Programs:
    """Answers for the programs that are there."""

    def __init__(self, words: dict[str, str]) -> None:
        self.words = words

    def run(self, argv: Sequence[str], **_: Any) -> CommandResult:
        name = argv[0].rpartition("/")[2]
        if name not in self.words:
            raise ToolError(f"{name} is missing.")
        return CommandResult(0, self.words[name], "", 0.1)

    def which(self, program: str) -> Path | None:
        return Path("/usr/bin") / program if program in self.words else None


class Hosts:
    def hosts(self) -> tuple[str, ...]:
        return ("registry.example",)


def doctor(conductor: FakeConductor, words: dict[str, str], **settings: Any) -> Doctor:
    given = Settings(home=conductor.settings.home, **settings)
    connections = [
        Connection("database", Health.HEALTHY, "answers"),
        Connection("argo cd", Health.DOWN, "Argo CD answers with status 401.", "", "Check its token."),
        Connection("prometheus", Health.OFF, "not configured", "Set CONDUCTOR_PROMETHEUS_URL."),
    ]
    return Doctor(lambda: given, Programs(words), conductor.cluster, conductor.releases, Hosts(), lambda: connections)


def test_what_is_there_is_good_and_a_connection_that_is_down_is_a_miss(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    found = {s.name: s for s in doctor(conductor, WORDS, kube_context="fake", helm="/opt/helm").look()}
    assert found["helm"].found == "3.19.5 at /opt/helm"
    assert found["k6"].finding is Finding.GOOD
    assert found["just"].finding is Finding.OPTIONAL
    assert found["fake"].finding is Finding.GOOD
    assert found["registry.example"].found == "logged in"
    assert (found["argo cd"].finding, found["argo cd"].act) == (Finding.MISSING, "Check its token.")
    assert found["Slack"].act == "Set CONDUCTOR_SLACK_WEBHOOK in .env to turn it on."
    misses = [s.name for s in found.values() if not s.good]
    assert misses == ["argo cd"]


def test_every_miss_has_an_act(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    none = doctor(conductor, {}).look()
    assert [s.name for s in none if not s.good] == ["git", "helm", "kubectl", "kubernetes", "argo cd"]
    assert all(s.act for s in none if not s.good)
    assert not well(none)
    conductor.cluster.failure = UnreachableError("The cluster does not answer.", why="refused", next="Start it.")
    (context,) = [s for s in doctor(conductor, WORDS, kube_context="eks").look() if s.part == "contexts"]
    assert "aws eks update-kubeconfig" in context.act
