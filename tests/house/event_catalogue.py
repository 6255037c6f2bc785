"""The catalogue of event types, out of their JSON Schemas; `python -m tests.house.event_catalogue` writes the page."""

from __future__ import annotations

import json
from typing import Any

from conductor_core.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "data" / "schemas" / "events"
PAGE = PROJECT_ROOT / "docs" / "events.md"
HEAD = """# Events

Every fact of the product is an event in a [CloudEvents 1.0](https://github.com/cloudevents/spec) envelope and one entry
of the [ledger](ledger.md), as RFC 8785 canonical JSON of at most 65,535 bytes. `subject` is the id of what it is about,
`actor` (an extension attribute) who did it. Data that would not fit is cut: `data.cut` lists where, how much there was,
and the SHA-256 of the whole, which stays with the Change. Where [CDEvents](https://cdevents.dev) (v0.5.0) has a type
for a fact, that is the type, and `data` the whole CDEvent; `subject` stays the id of the Change. This page is generated
from `data/schemas/events/` (`python -m tests.house.event_catalogue`).

| type | title | when |
| --- | --- | --- |
"""


def schemas() -> dict[str, dict[str, Any]]:
    """Each schema by the type that it describes, in the order of the types."""
    found = {}
    for file in sorted(FOLDER.glob("*.schema.json")):
        schema = json.loads(file.read_text(encoding="utf-8"))
        found[schema["properties"]["type"]["const"]] = schema
    return found


def page() -> str:
    """The text of docs/events.md."""
    all_ = schemas()
    rows = [f"| [`{t}`](#{_anchor(t)}) | {s['title']} | {s['description']} |" for t, s in all_.items()]
    parts = [HEAD + "\n".join(rows) + "\n"]
    for kind, schema in all_.items():
        data = schema["properties"]["data"]["properties"]
        lines = [f"- `{n}` ({_kind(f)}): {f['description']}" for n, f in data.items() if n != "cut"]
        fields = "\n".join(lines) or "It has no data."
        link = f"[Schema](../data/schemas/events/{kind}.schema.json)"
        parts.append(f"## {kind}\n\n{schema['description']} {link}.\n\n{fields}\n")
    return "\n".join(parts)


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return "object or null"
    return "digest" if "sha256" in field.get("pattern", "") else str(field["type"])


def _anchor(kind: str) -> str:
    return kind.replace(".", "")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
