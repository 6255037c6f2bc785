"""What failed hooks say of themselves: the status, events and logs of the jobs and pods that Helm ran as hooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.fields import listing, mapping, number
from conductor_core.domain.manifests import Identity, Kind, Object
from conductor_core.domain.masking import Masker, secrets_in, show
from conductor_core.errors import ConductorError
from conductor_core.ports.cluster import Cluster

JOB, POD, EVENT = Kind("batch/v1", "Job"), Kind("v1", "Pod"), Kind("v1", "Event")
LINES = 40
"""Lines of each log that are told."""
_EVENTS, _PODS = 8, 3
_LEAST = 4
"""Characters from which on a Secret's text is hidden: fewer than in manifests, where short texts repeat."""


@dataclass(frozen=True)
class HookFailures:
    """Reads the cluster; changes nothing. What Secrets of the release hold, and what looks secret, is hidden."""

    cluster: Cluster
    mask_key: bytes

    def told(self, hooks: Mapping[Identity, Object], objects: Iterable[Object]) -> list[str]:
        """Lines for a person about each hook that did not succeed; empty when all did. An answer that can't be had is a
        line, not an error. `objects`: the release's, whose Secrets are hidden.
        """
        known = secrets_in([*objects, *hooks.values()])
        masker = Masker(self.mask_key, known, least=_LEAST)
        out: list[str] = []
        for identity in (i for i in hooks if i.kind in ("Job", "Pod")):
            lines: list[str] = []
            try:
                lines.extend(self._of(identity))
            except ConductorError as blind:
                lines.append(f"{identity.kind} {identity.name}: can't be read: {blind}")
            out += str(show(masker.text("\n".join(lines)))).splitlines()  # as one text: a key has several lines
        return out

    def running(self, hooks: Mapping[Identity, Object]) -> tuple[str, ...]:
        """The hooks that run now, each as `Job NAME`; raises the cluster's errors."""
        found = ((i, self._get(i)) for i in hooks if i.kind in ("Job", "Pod"))
        return tuple(f"{i.kind} {i.name}" for i, live in found if live is not None and not _ended(live)[0])

    def _get(self, identity: Identity) -> Object | None:
        return self.cluster.get(JOB if identity.kind == "Job" else POD, identity.namespace, identity.name)

    def _of(self, identity: Identity) -> Iterator[str]:
        live = self._get(identity)
        if live is None:
            yield f"{identity.kind} {identity.name} isn't there: it never ran, or its delete policy has removed it."
            return
        ended, why = _ended(live)
        if ended and not why:
            return
        yield f"{identity.kind} {identity.name}: {why or 'it has not ended'}"
        pods = [live] if identity.kind == "Pod" else self._pods(identity)
        yield from self._events(identity.namespace, live, pods)
        for pod in pods[:_PODS]:
            yield from self._log(identity.namespace, pod)

    def _pods(self, identity: Identity) -> list[Object]:
        return list(self.cluster.objects(POD, identity.namespace, labels=f"job-name={identity.name}"))

    def _events(self, namespace: str, live: Object, pods: Iterable[Object]) -> Iterator[str]:
        """The last events of the hook and of its pods, also of those that are gone; none of a hook that had its name
        before.
        """
        every = self.cluster.objects(EVENT, namespace)
        about = [e for e in every if _is_about(e, live)]
        made = {str(e.get("message")).rpartition(" ")[2] for e in about if e.get("reason") == "SuccessfulCreate"}
        made |= {p["metadata"]["name"] for p in pods} - {live["metadata"]["name"]}
        about += [e for e in every if mapping(e.get("involvedObject")).get("name") in made]
        about.sort(key=lambda e: str(e.get("lastTimestamp") or e.get("eventTime") or ""))
        for event in about[-_EVENTS:]:
            whose = mapping(event.get("involvedObject"))
            times = number(event.get("count"))
            count = f" ({times} times)" if times > 1 else ""
            what = f"{event.get('reason')} of {whose.get('kind')} {whose.get('name')}{count}"
            yield f"  event {what}: {event.get('message')}"

    def _log(self, namespace: str, pod: Object) -> Iterator[str]:
        name = pod["metadata"]["name"]
        for container in listing(mapping(pod.get("spec")).get("containers")):
            try:
                text = self.cluster.logs(namespace, name, str(container.get("name", "")), lines=LINES)
            except ConductorError as blind:
                yield f"  log of {name}/{container.get('name')}: none ({blind.what})"
                continue
            yield f"  log of {name}/{container.get('name')}:"
            yield from (f"    {line}" for line in text.splitlines()[-LINES:])


def _is_about(event: Object, live: Object) -> bool:
    whose, metadata = mapping(event.get("involvedObject")), live["metadata"]
    same = (whose.get("kind"), whose.get("name")) == (live.get("kind"), metadata["name"])
    return same and metadata.get("uid") in (None, whose.get("uid"))


def _ended(live: Object) -> tuple[bool, str]:
    """Whether a job or pod has ended, and why it failed, '' when it didn't."""
    status = mapping(live.get("status"))
    if live.get("kind") == "Pod":
        phase = str(status.get("phase", ""))
        return phase in ("Succeeded", "Failed"), f"failed {_words(status)}".strip() if phase == "Failed" else ""
    for condition in listing(status.get("conditions")):
        if condition.get("status") == "True" and condition.get("type") in ("Complete", "SuccessCriteriaMet"):
            return True, ""
        if condition.get("status") == "True" and condition.get("type") == "Failed":
            return True, f"failed {_words(condition)}".strip()
    return False, ""


def _words(part: Mapping[str, Any]) -> str:
    return ": ".join(str(part[k]) for k in ("reason", "message") if part.get(k))
