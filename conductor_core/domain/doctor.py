"""What the doctor looks at: tools with the versions they need, and findings with the exact act that mends each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Finding(StrEnum):
    """How a thing was found; only `missing` and `old` are a miss."""

    GOOD = "good"
    MISSING = "missing"
    OLD = "old"
    OPTIONAL = "optional"
    """Not there, and nothing needs it."""


@dataclass(frozen=True)
class Tool:
    """A program: how it is asked for its version, the least version, what it is for, and how it is installed."""

    name: str
    arguments: tuple[str, ...]
    least: tuple[int, ...]
    purpose: str
    install: str
    required: bool = True
    setting: str = ""
    """The setting that names another program, if there is one."""


TOOLS = (
    Tool("git", ("--version",), (2, 30), "the operations repository", "apt install git"),
    Tool("helm", ("version", "--template", "{{.Version}}"), (3, 14), "rendering and installing charts",
         "https://helm.sh/docs/intro/install/, or `conductor local build`", setting="CONDUCTOR_HELM"),
    Tool("kubectl", ("version", "--client", "--output=yaml"), (1, 29), "what runbooks tell people to run by hand",
         "https://kubernetes.io/docs/tasks/tools/, or `conductor local build`", setting="CONDUCTOR_KUBECTL"),
    Tool("argocd", ("version", "--client", "--short"), (2, 10), "live diffs by hand",
         "https://argo-cd.readthedocs.io/en/stable/cli_installation/", required=False),
    Tool("tofu", ("version",), (1, 8), "environments", "https://opentofu.org/docs/intro/install/, or "
         "`conductor local build`", required=False),
    Tool("terraform", ("version",), (1, 5), "environments, instead of tofu",
         "https://developer.hashicorp.com/terraform/install", required=False),
    Tool("just", ("--version",), (1, 0), "the short commands of the Justfile", "https://just.systems", required=False),
    Tool("k6", ("version",), (0, 40), "smoke suites that are k6 scripts", "https://grafana.com/docs/k6/latest/set-up/",
         required=False),
)  # fmt: skip
"""The guide's list (2.2), and what smoke suites use."""


@dataclass(frozen=True)
class Symptom:
    """One row: what was looked at, in which part, what was found, and the act that mends it ('' when it is good)."""

    part: str
    name: str
    finding: Finding
    found: str
    act: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing has to be done."""
        return self.finding in (Finding.GOOD, Finding.OPTIONAL)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "part": self.part,
            "name": self.name,
            "finding": self.finding.value,
            "found": self.found,
            "act": self.act,
        }


def version_in(text: str) -> tuple[int, ...]:
    """The first version in a program's words; () when it has none."""
    found = re.search(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(n) for n in found.groups() if n is not None) if found else ()


def about_tool(tool: Tool, words: str | None, where: str = "") -> Symptom:
    """What a tool's words mean (None: it isn't there)."""
    needs = ".".join(map(str, tool.least))
    or_set = f", or set {tool.setting} to its path" if tool.setting else ""
    act = f"Install {tool.name} {needs} or newer ({tool.install}){or_set}."
    if words is None:
        finding = Finding.MISSING if tool.required else Finding.OPTIONAL
        return Symptom("tools", tool.name, finding, f"not found; used for {tool.purpose}", act)
    version = version_in(words)
    if not version:
        return Symptom("tools", tool.name, Finding.MISSING, f"says no version: {words.strip()[:80]}", act)
    said = ".".join(map(str, version)) + (f" at {where}" if where else "")
    if version < tool.least:
        finding = Finding.OLD if tool.required else Finding.OPTIONAL
        return Symptom("tools", tool.name, finding, f"{said}; {needs} is needed", act)
    return Symptom("tools", tool.name, Finding.GOOD, said)


def well(symptoms: Sequence[Symptom]) -> bool:
    """Whether there is no miss."""
    return all(s.good for s in symptoms)
