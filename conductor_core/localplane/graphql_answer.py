"""What a simulated IntelGraph pod answers to a GraphQL query: a few fixed top-level fields, GraphQL errors for others.

Only enough of GraphQL for health and smoke checks; it is a simulator, not an engine. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import re

from conductor_core.localplane.traffic import Workload, tag_of

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|#[^\n]*|[A-Za-z_][A-Za-z0-9_]*|[{}():$!,\[\]]|\.\.\.')


def answer(query: str, workload: Workload) -> dict[str, object]:
    """The response body for `query`; unknown fields give `errors` as the GraphQL specification words them."""
    known: dict[str, object] = {
        "__typename": "Query",
        "health": {"status": "ok"},
        "version": tag_of(workload.image),
        "service": workload.service,
        "pod": workload.pod,
        "entities": [{"id": f"entity-{n}", "kind": "organisation", "name": f"Sample {n}"} for n in range(1, 4)],
    }
    fields = top_fields(query)
    if not fields:
        return {"errors": [{"message": "Syntax Error: Expected a selection set."}]}
    unknown = [f for f in fields if f not in known]
    if unknown:
        return {"errors": [{"message": f"Cannot query field '{f}' on type 'Query'."} for f in unknown]}
    return {"data": {f: known[f] for f in fields}}


def top_fields(query: str) -> list[str]:
    """Names of the fields that the first selection set asks for; aliases and arguments are passed over."""
    depth = round_ = 0
    names: list[str] = []
    tokens = [t for t in _TOKEN.findall(query) if not t.startswith("#")]
    for place, token in enumerate(tokens):
        if token in ("(", ")"):
            round_ += 1 if token == "(" else -1  # noqa: S105  # a bracket, not a password
        elif token in ("{", "}") and not round_:
            depth += 1 if token == "{" else -1  # noqa: S105  # a bracket, not a password
        elif depth == 1 and not round_ and (token[0].isalpha() or token[0] == "_"):
            if place + 1 < len(tokens) and tokens[place + 1] == ":":
                continue
            names.append(token)
    return names
