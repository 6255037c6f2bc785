"""Port of the policy engine: a bundle of Rego asked for decisions, by whatever evaluates it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from conductor_core.domain.policies import PolicyBundle, PolicyDecision, RuleDoc


class PolicyEngine(Protocol):
    """Answers for one bundle. Safe to share between threads. Nothing is stored: whoever asks keeps the decision.

    The bundle is read again when its files change; a decision names the bundle and the input that it was made on, and
    the same two give the same result, with any engine.
    """

    def decide(self, family: str, input: Mapping[str, Any]) -> PolicyDecision:
        """The decision of one family (`deploy_gate`, `workload`, `values` ...) on the input document that
        data/schemas/policy_input.schema.json describes.

        Never raises for a policy's or an engine's failure: whatever keeps it from deciding (missing family, empty
        bundle, zero rules, compile error, timeout, undefined result, engine down, answer that is no JSON, input that
        engines would read differently) is a denial whose rule is `engine/<cause>`. It answers within its timeout,
        does not retry (ask again: deciding has no effect), and never changes the input.
        """
        ...

    def families(self) -> tuple[str, ...]:
        """The families that can be asked, sorted. Raises `PolicyError` when the bundle can't be read."""
        ...

    def bundle_digest(self) -> str:
        """`sha256:<hex>` of the bundle that the next decision would use. Raises `PolicyError`."""
        ...

    def rules(self) -> tuple[RuleDoc, ...]:
        """The documentation of every rule, by id. Raises `PolicyError` when the bundle can't be read."""
        ...


class PolicySource(Protocol):
    """Where an engine gets its bundle from."""

    def __call__(self) -> PolicyBundle:
        """The bundle as it is now. Raises `PolicyError` when it can't be read; cheap when nothing changed."""
        ...
