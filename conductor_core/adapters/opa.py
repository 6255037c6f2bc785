"""A policy engine on an OPA server: the bundle is uploaded and asked over OPA's REST API.

https://www.openpolicyagent.org/docs/rest-api. Next to the bundle goes one module that names the bundle's digest and
gathers the three entrypoints of each family: one request gives the whole answer, and an answer of another bundle
(somebody else uploaded, the server restarted) is noticed and mended by uploading again, once.
Known to be missing: two processes that use one server with different bundles disturb one another; each then denies.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from conductor_core.domain import policies
from conductor_core.domain.policies import Answer, CanonicalInput, PolicyBundle, PolicyDecision, RuleDoc, UndecidedError

ENGINE = "opa"
_PREFIX = "conductor"
_MARKER = f"{_PREFIX}/bundle.rego"
_PACKAGE = "conductor_bundle"


class OpaEngine:
    """`PolicyEngine` on the OPA server at `url` (http or https). `timeout` in seconds, for each request."""

    def __init__(
        self,
        url: str,
        source: Callable[[], PolicyBundle],
        *,
        token: str = "",
        timeout: float = 5.0,
        clock: Callable[[], float] = time.perf_counter,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, follow_redirects=False, transport=transport
        )
        self._source, self._clock = source, clock
        self._upload_lock = threading.Lock()

    def decide(self, family: str, input: Mapping[str, Any]) -> PolicyDecision:
        """The decision of `family` on `input`; a failure of any kind is a denial."""
        return policies.decide(ENGINE, family, input, self._source, self._ask, self._clock)

    def families(self) -> tuple[str, ...]:
        """The families of the bundle, sorted."""
        return self._source().families

    def bundle_digest(self) -> str:
        """The digest of the bundle that the next decision would use."""
        return self._source().digest

    def rules(self) -> tuple[RuleDoc, ...]:
        """The documentation of every rule."""
        return self._source().rules

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, bundle: PolicyBundle, family: str, asked: CanonicalInput) -> Answer:
        found = self._evaluate(family, asked)
        if found.get("digest") != bundle.digest:
            with self._upload_lock:  # another thread may have uploaded meanwhile: look again first
                found = self._evaluate(family, asked)
                if found.get("digest") != bundle.digest:
                    self._upload(bundle)
                    found = self._evaluate(family, asked)
        if found.get("digest") != bundle.digest:
            why = "The OPA server answers with another bundle than the one that was uploaded."
            raise UndecidedError("other-bundle", why, "Give each installation an OPA server of its own.")
        return Answer(found.get("deny"), found.get("warn"), found.get("rules"))

    def _evaluate(self, family: str, asked: CanonicalInput) -> dict[str, Any]:
        body = f'{{"input":{asked.text}}}'
        path = f"/v1/data/{_PACKAGE}/{family}"
        response = self._send("POST", path, body, {"strict-builtin-errors": "true"})
        if response.status_code != httpx.codes.OK:
            raise UndecidedError("evaluation-error", _why(response), "Guard the rule against values of that type.")
        answer = policies.parse_answer(response.text, "OPA")
        found = answer.get("result") if isinstance(answer, dict) else None
        return found if isinstance(found, dict) else {}

    def _upload(self, bundle: PolicyBundle) -> None:
        """Drop what an older bundle left, put every module, and name the digest last.

        OPA compiles after each request and refuses a module whose functions are not there (yet): hence the rounds.
        """
        self._in_rounds("DELETE", dict.fromkeys((_MARKER, *self._uploaded())))
        self._in_rounds("PUT", {f"{_PREFIX}/{path}": text for path, text in bundle.modules})
        self._in_rounds("PUT", {_MARKER: _marker(bundle)})

    def _in_rounds(self, method: str, bodies: Mapping[str, str | None]) -> None:
        """Send each, those that OPA refuses again after the others; raises when a round gets nowhere."""
        waiting = dict(bodies)
        while waiting:
            answers = {name: self._send(method, _policy(name), body) for name, body in waiting.items()}
            refused = {name: a for name, a in answers.items() if a.is_error and a.status_code != httpx.codes.NOT_FOUND}
            if len(refused) == len(waiting):
                name, answer = next(iter(refused.items()))
                raise UndecidedError("compile-error", _why(answer), f"Correct {name.removeprefix(_PREFIX + '/')}.")
            waiting = {name: waiting[name] for name in refused}

    def _uploaded(self) -> set[str]:
        listed = policies.parse_answer(self._send("GET", "/v1/policies").text, "OPA")
        found = listed.get("result") if isinstance(listed, dict) else None
        ids = [entry.get("id") for entry in found or [] if isinstance(entry, dict)]
        return {name for name in ids if isinstance(name, str) and name.startswith(f"{_PREFIX}/")} - {_MARKER}

    def _send(
        self, method: str, path: str, body: str | None = None, params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        try:
            content = None if body is None else body.encode()
            return self._client.request(method, path, content=content, params=params)
        except httpx.TimeoutException as bad:
            why = f"OPA did not answer {method} {path} in time."
            raise UndecidedError("timeout", why, "Look at the OPA server's load and log.") from bad
        except (httpx.HTTPError, httpx.InvalidURL) as bad:
            why = f"OPA can't be reached: {type(bad).__name__}: {bad}."
            raise UndecidedError("engine-down", why, "Start the OPA server, or correct CONDUCTOR_OPA_URL.") from bad


def _policy(name: str) -> str:
    return "/v1/policies/" + quote(name, safe="/")


def _marker(bundle: PolicyBundle) -> str:
    gathered = "".join(
        f'{family}["{key}"] := data.{family}.{key}\n\n'
        for family in bundle.families
        for key in ("deny", "warn", "rules")
    )
    digests = "".join(f'{family}["digest"] := "{bundle.digest}"\n\n' for family in bundle.families)
    return f"package {_PACKAGE}\n\n{gathered}{digests}"


def _why(response: httpx.Response) -> str:
    """OPA's own words: `message` and, for a compile error, file, line and message of the first error."""
    try:
        said = response.json()
    except ValueError:
        return f"OPA answered {response.status_code}: {response.text[:200]}"
    if not isinstance(said, dict):
        return f"OPA answered {response.status_code}."
    errors = said.get("errors") or []
    first = errors[0] if errors and isinstance(errors[0], dict) else {}
    place = first.get("location") or {}
    where = f" {str(place.get('file', '')).removeprefix(_PREFIX + '/')}:{place.get('row', 0)}:" if place else ""
    return f"OPA answered {response.status_code}:{where} {first.get('message') or said.get('message', '')}"
