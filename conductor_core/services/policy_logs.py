"""The policy engine's log and the recorded decisions, side by side: why something was denied (runbook `policy_logs`).

A decision log of OPA holds the whole input, secrets among it: of a line that is JSON only what names the decision is
kept. Rule: https://www.openpolicyagent.org/docs/management-decision-logs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import names
from conductor_core.domain.changes import Change
from conductor_core.domain.manifests import Kind
from conductor_core.domain.masking import Masker, show
from conductor_core.domain.operations import Observation
from conductor_core.errors import ConductorError, InputError
from conductor_core.ports.change_store import ChangeStore, RecordedEvent
from conductor_core.ports.cluster import Cluster
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft

DEPLOYMENT, POD = Kind("apps/v1", "Deployment"), Kind("v1", "Pod")
DECIDED = "conductor.policy.decided.v1"
MOST = 1000
_CUT = 400
_KEPT = ("time", "timestamp", "level", "msg", "decision_id", "path", "req_path", "resp_status", "error", "err")


@dataclass(frozen=True)
class PolicyLogs:
    """Plan and driver; nothing is changed."""

    store: ChangeStore
    cluster: Cluster
    mask_key: bytes

    def plan(self, change: Change) -> Draft:
        """Says where it would look; raises `InputError` for a name that can't be, or more lines than are kept."""
        namespace, deployment, lines = _asked(change)
        does = f"Reads the last {lines} lines of {namespace}/{deployment} and the last {lines} recorded decisions."
        return Draft(facts={"source": f"{namespace}/{deployment}"}, summary={"does": does})

    def prepare(self, context: Context) -> Facts:
        """Nothing is written anywhere."""
        return {}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Read; what can't be read is said, and the rest is given."""
        return self.observe(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """The same: reading twice does no harm."""
        _, _, lines = _asked(context.change)
        only = bool(context.change.parameters.get("denials_only"))
        engine, said = self._log(context.change, lines)
        decided = [_decision(e) for e in self.store.events(kind=DECIDED, limit=MOST, newest=True)]
        wanted = [text for result, text in decided if result == "deny" or not only][:lines]
        context.say(f"policy logs: {len(engine)} lines of the engine ({said}), {len(wanted)} recorded decisions")
        return Observation.DONE, {"engine": said, "log": engine, "decisions": wanted}

    def _log(self, change: Change, lines: int) -> tuple[list[str], str]:
        """The engine's lines, oldest first by pod, and where they come from or why there are none."""
        namespace, name, _ = _asked(change)
        try:
            found = self.cluster.get(DEPLOYMENT, namespace, name)
            if found is None:
                return [], f"{namespace} has no Deployment {name}: the engine is embedded in the worker, or elsewhere"
            chosen = (found["spec"].get("selector") or {}).get("matchLabels") or {}
            labels = ",".join(f"{k}={v}" for k, v in sorted(chosen.items()))
            pods = sorted(p["metadata"]["name"] for p in self.cluster.objects(POD, namespace, labels)) if labels else []
        except ConductorError as blind:
            return [], f"it can't be asked: {blind}"
        masker = Masker(self.mask_key)
        out: list[str] = []
        silent: list[str] = []
        for pod in pods:
            try:
                log = self.cluster.logs(namespace, pod, lines=lines)
                told = "\n".join(_line(text, masker) for text in log.splitlines())
                out += [f"{pod}: {text[: 4 * _CUT]}" for text in str(show(masker.text(told))).splitlines()]
            except ConductorError as blind:
                silent.append(f"{pod} gives no log: {blind}")
        return out[-lines:], "; ".join([f"{len(pods)} pods of {namespace}/{name}", *silent])


def _asked(change: Change) -> tuple[str, str, int]:
    given = change.parameters
    lines = given.get("lines")
    if not isinstance(lines, int) or not 1 <= lines <= MOST:
        raise InputError(f"{lines!r} lines can't be read.", why=f"From 1 to {MOST} are kept.", next="Ask for fewer.")
    namespace = names.namespace(str(given.get("namespace", "")))
    return namespace, names.object_name(str(given.get("deployment", ""))), lines


def _line(text: str, masker: Masker) -> str:
    """One line without the input that was judged; what is no JSON stays as it is."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if not isinstance(found, Mapping):
        return text
    kept: dict[str, Any] = {k: found[k] for k in _KEPT if k in found}
    if isinstance(found.get("result"), Mapping):
        kept["result"] = {k: v for k, v in found["result"].items() if k in ("allow", "deny", "denials", "warnings")}
    return json.dumps(show(masker.hide_values(kept)), ensure_ascii=False, sort_keys=True)


def _decision(recorded: RecordedEvent) -> tuple[str, str]:
    """The result of a recorded decision, and one line that says it with its reasons."""
    event, data = recorded.event, recorded.event.data
    result = str(data.get("result", ""))
    reasons = [r for key in ("denials", "warnings") for r in _maps(data.get(key))]
    why = "; ".join(f"{r.get('rule')}: {r.get('text')}" for r in reasons)
    at = f"{event.time:%Y-%m-%d %H:%M:%S} UTC"
    return result, f"{at} {event.subject} {data.get('family')} {result}{': ' + why if why else ''}"[: 4 * _CUT]


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list | tuple) else []
