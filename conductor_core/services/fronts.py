"""Do the APIs and front ends answer: maestro-api's own, and those of IntelGraph in each channel that runs it (P9)."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conductor_core.domain.manifests import Kind, Object
from conductor_core.errors import OffError, UnreachableError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.web import Web
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.status import Probe
from conductor_core.services.ui_assets import is_ui
from conductor_core.settings import Settings

ROLLOUT, DEPLOYMENT = Kind("argoproj.io/v1alpha1", "Rollout"), Kind("apps/v1", "Deployment")
QUERY = b'{"query": "{ __typename }"}'
JSON = {"Content-Type": "application/json"}
PATIENCE = 2.0
"""Seconds that an answer may take: it stands beside connections that have six."""
AT_ONCE = 8
SIGN_IN = 401
"""What /graphql answers to nobody in particular where people sign in: it is there."""


@dataclass(frozen=True)
class Front:
    """One thing that serves people: `path` is below its base, '/graphql' is asked with a query."""

    channel: str
    base: str
    path: str


@dataclass(frozen=True)
class Fronts:
    """Asks what serves people. What fails once is asked once more: one answer in many may go wrong."""

    now: Callable[[], Settings]
    web: Web
    cluster: Cluster
    releases: ReleaseReader

    def probes(self) -> list[Probe]:
        """`maestro-api` and `intelgraph`, as connections of `status`."""
        return [Probe("maestro-api", self.maestro), Probe("intelgraph", self.intelgraph)]

    def maestro(self) -> str:
        """Raises `UnreachableError` when /healthz or /graphql of maestro-api doesn't answer, `OffError` when that is no
        wonder: nothing says that one is served.
        """
        now = self.now()
        base = now.api_address
        try:
            self._all_answer("maestro-api", [Front("", base, "/healthz"), Front("", base, "/graphql")], _MAESTRO)
        except UnreachableError:
            if now.api_served:
                raise
            raise OffError("No workbench was started here.", next="Start it with `conductor up`.") from None
        return f"/healthz and /graphql answer at {base}"

    def intelgraph(self) -> str:
        """Raises `UnreachableError` with each address that doesn't answer, `OffError` when there is nothing to ask."""
        now = self.now()
        if not (now.intelgraph_url or now.intelgraph_ui_url):
            raise OffError("CONDUCTOR_INTELGRAPH_URL is not set.", next="Set it to the address of IntelGraph's API.")
        fronts = self._fronts(now.intelgraph_url.rstrip("/"), now.intelgraph_ui_url)
        if not fronts:
            raise OffError("No channel runs IntelGraph.", next="Deploy it: Releases, or `conductor release deploy`.")
        self._all_answer("IntelGraph", fronts, _INTELGRAPH)
        channels = dict.fromkeys(f.channel for f in fronts if f.channel)
        return "API and UI answer" + (f" in {', '.join(channels)}" if channels else "")

    def _fronts(self, api: str, ui: str) -> list[Front]:
        """Addresses that name no release are asked as they are; else one for each channel with an API or a UI."""
        paths = ((api, "/healthz"), (api, "/graphql"), (ui, ""))
        fixed = [Front("", base, path) for base, path in paths if base and "{" not in base]
        formed = [(base, path) for base, path in paths if "{" in base]
        if not formed:
            return fixed
        served = {_place(o) for o in self.cluster.objects(ROLLOUT)}
        faces = {_place(o) for o in self.cluster.objects(DEPLOYMENT) if is_ui(o)}
        found = list(fixed)
        for spec in self.releases.catalogue().releases:
            for channel in spec.channels:
                place = (channel.namespace, spec.name)
                for base, path in formed:
                    if place in (served if path else faces):
                        named = base.format(namespace=channel.namespace, release=spec.name)
                        found.append(Front(channel.name, named, path))
        return found

    def _all_answer(self, name: str, fronts: list[Front], advice: str) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fronts") as pool:
            faults = [fault for fault in pool.map(self._twice, fronts) if fault]
        if faults:
            shown = "; ".join(faults[:4]) + (f"; and {len(faults) - 4} more" if len(faults) > 4 else "")
            raise UnreachableError(f"{name} does not answer as it should.", why=shown, next=advice)

    def _twice(self, front: Front) -> str:
        return self._fault(front) and self._fault(front)

    def _fault(self, front: Front) -> str:
        """What is wrong with an answer; '' when it is as it should be."""
        url = f"{front.base}{front.path}"
        try:
            if front.path != "/graphql":
                answer = self.web.get(url, timeout=PATIENCE)
                return "" if answer.status == 200 else f"{url} answers with status {answer.status}"
            answer = self.web.send("POST", url, headers=JSON, body=QUERY, timeout=PATIENCE)
        except UnreachableError as silent:
            return f"{url}: {silent.why or silent.what}"
        if answer.status == SIGN_IN:
            return ""
        return "" if answer.status == 200 and _is_data(answer.text) else f"{url} answers a query with {answer.status}"


_MAESTRO = "Start it with `conductor up`; look into maestro-api.log in the logs folder."
_INTELGRAPH = "Look at its pods (Releases, or `kubectl get pods`); a bad version goes back by Revisions, Roll back."


def _is_data(text: str) -> bool:
    try:
        answer = json.loads(text)
    except ValueError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("data"), dict)


def _place(o: Object) -> tuple[str, str]:
    """Namespace and release of an object: whom Helm says it belongs to, else by its instance label."""
    metadata = o["metadata"]
    owner = (metadata.get("annotations") or {}).get("meta.helm.sh/release-name")
    label = (metadata.get("labels") or {}).get("app.kubernetes.io/instance")
    return str(metadata.get("namespace") or ""), str(owner or label or "")
