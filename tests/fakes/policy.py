"""A policy engine whose rules are Python functions, and the way to a built program for tests of real ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conductor_core import settings
from conductor_core.domain import policies
from conductor_core.domain.policies import Answer, CanonicalInput, PolicyBundle, PolicyDecision, RuleDoc, UndecidedError
from conductor_core.errors import ConfigurationError
from conductor_core.localplane import programs

Rule = Callable[[Mapping[str, Any]], Answer]


class FakePolicyEngine:
    """`PolicyEngine` over `rules`, one function a family, each giving the answer or raising `UndecidedError`.

    `bundle` is what the decisions name; without one, it has an empty module for each family.
    """

    def __init__(self, rules: Mapping[str, Rule], bundle: PolicyBundle | None = None) -> None:
        made = PolicyBundle(tuple((f"{family}/{family}.rego", f"package {family}\n") for family in sorted(rules)))
        self.rule_functions = dict(rules)
        self.bundle = made if bundle is None else bundle
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def decide(self, family: str, input: Mapping[str, Any]) -> PolicyDecision:
        """The decision of the family's function."""
        self.asked.append((family, input))
        return policies.decide("fake", family, input, lambda: self.bundle, self._ask, lambda: 0.0)

    def families(self) -> tuple[str, ...]:
        """The families of the bundle."""
        return self.bundle.families

    def bundle_digest(self) -> str:
        """The digest of the bundle."""
        return self.bundle.digest

    def rules(self) -> tuple[RuleDoc, ...]:
        """The documentation in the bundle."""
        return self.bundle.rules

    def _ask(self, bundle: PolicyBundle, family: str, asked: CanonicalInput) -> Answer:
        del bundle
        if family not in self.rule_functions:
            raise UndecidedError("compile-error", f"{family} has no function.", "Give the fake one.")
        return self.rule_functions[family](asked.document)


def allowing(*families: str) -> FakePolicyEngine:
    """An engine whose families allow everything, with one rule each."""
    return FakePolicyEngine({family: lambda _: Answer([], [], ["fake/rule"]) for family in families})


def program(name: str) -> Path:
    """The built program, else the one on PATH; raises `ConfigurationError`, so that a test fails and isn't skipped."""
    try:
        return programs.layout(settings.load()).path(name)
    except ConfigurationError:
        found = shutil.which(name)
        if found is None:
            raise
        return Path(found)
