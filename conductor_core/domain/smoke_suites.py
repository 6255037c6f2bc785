"""A smoke suite out of its parsed file, which data/schemas/smoke_suite.schema.json has checked."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from conductor_core.domain.smoke import Check, Expect, Suite, Thresholds
from conductor_core.errors import InputError


def parse(name: str, fields: Mapping[str, Any], digest: str) -> Suite:
    """The suite; raises `InputError` for a text that names a field no data row has."""
    load, limits = fields.get("load") or {}, fields.get("thresholds") or {}
    suite = Suite(
        name=name,
        title=fields["title"],
        purpose=fields["purpose"],
        base=fields["base"],
        release=fields.get("release", ""),
        checks=tuple(_check(c) for c in fields.get("checks") or ()),
        data=tuple(fields.get("data") or ()),
        concurrency=load.get("concurrency", 1),
        duration=float(load.get("duration", 0)),
        timeout=float(fields.get("timeout", 5)),
        thresholds=Thresholds(
            float(limits.get("error_rate", 0)), limits.get("p50", 0), limits.get("p95", 0), limits.get("p99", 0)
        ),
        before=fields.get("before", "off"),
        max_age=fields.get("max_age", 86_400),
        after=fields.get("after", False),
        k6=fields.get("k6", ""),
        digest=digest,
    )
    for check in suite.checks:
        for row in suite.data or ({},):
            filled(check, row)
    return suite


def _check(fields: Mapping[str, Any]) -> Check:
    told = fields.get("expect") or {}
    graphql = fields.get("graphql")
    http = graphql or fields["http"]
    status = told.get("status", 200)
    expect = Expect(
        status=tuple(status) if isinstance(status, list) else (status,),
        contains=tuple(told.get("contains") or ()),
        json=told.get("json") or {},
        headers=told.get("headers") or {},
        milliseconds=told.get("milliseconds", 0),
        graphql=graphql is not None,
    )
    headers = {k: str(v) for k, v in (http.get("headers") or {}).items()}
    if graphql is None:
        method = http.get("method", "POST" if "body" in http else "GET")
        return Check(fields["name"], method, http["path"], expect, headers, http.get("body"))
    body = {"query": graphql["query"], "variables": graphql.get("variables") or {}}
    return Check(fields["name"], "POST", graphql.get("path", "/graphql"), expect, headers, body)


def filled(check: Check, row: Mapping[str, Any]) -> tuple[str, Any]:
    """Path and body with the row's fields for `{name}`; a GraphQL query is left as it is. Raises `InputError`."""
    body = check.body
    if check.expect.graphql:
        body = {**body, "variables": _fill(check, body["variables"], row)}
    elif body is not None:
        body = _fill(check, body, row)
    return str(_fill(check, check.path, row)), body


def _fill(check: Check, value: Any, row: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _fill(check, inner, row) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill(check, inner, row) for inner in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    try:
        parts = list(string.Formatter().parse(value))
    except ValueError as bad:
        raise _unfit(check, value, str(bad)) from bad
    for _, name, spec, conversion in parts:
        if name is not None and (name not in row or spec or conversion):
            raise _unfit(check, value, f"{{{name}}} is no field of a data row; they have: {', '.join(row) or 'none'}")
    if len(parts) == 1 and parts[0][0] == "" and parts[0][1] is not None:
        return row[parts[0][1]]
    return "".join(text + (str(row[name]) if name is not None else "") for text, name, _, _ in parts)


def _unfit(check: Check, text: str, why: str) -> InputError:
    return InputError(
        f"The check {check.name} can't be filled: {text[:80]!r}.",
        why=f"{why}.",
        next="Name a field of every row of `data`; write {{ and }} for braces.",
    )
