"""What the cluster says about releases: stored revisions, live objects and their health, each asked for once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from conductor_core.domain import application_owners, health, manifests, pipelines, releases, running_versions
from conductor_core.domain.application_owners import Here, Owned, Wanted
from conductor_core.domain.health import Finding, Health
from conductor_core.domain.manifests import Identity, Kind, Object
from conductor_core.domain.pipelines import Application
from conductor_core.domain.releases import Head, Revision, Status
from conductor_core.errors import NotFoundError
from conductor_core.ports.cluster import Cluster, KindInfo
from conductor_core.ports.documents import Documents

SECRET = Kind("v1", "Secret")
Applications = Callable[[], tuple[Application, ...]]
AT_ONCE = 8
_KEPT = 400


class ReleaseCluster:
    """Reads of one cluster; decoded revisions are kept by their Secret's version, live objects never are."""

    def __init__(self, cluster: Cluster, documents: Documents) -> None:
        self._cluster, self._documents = cluster, documents
        self._lock = threading.Lock()
        self._decoded: OrderedDict[tuple[str, str, str], Revision] = OrderedDict()
        self._asking = threading.Lock()
        self._capabilities: tuple[Mapping[Kind, KindInfo], str, tuple[str, ...]] = ({}, "", ())

    def heads(self, namespace: str = "", release: str = "") -> tuple[Head, ...]:
        """The stored revisions (labels only) of a namespace ('' is every one) and release ('' is every one)."""
        labels = releases.OWNED_BY_HELM + (f",name={release}" if release else "")
        return releases.heads(self._cluster.objects(SECRET, namespace, labels, metadata_only=True))

    def revision(self, head: Head) -> Revision:
        """The whole revision; raises `NotFoundError` when it has gone meanwhile, `InputError` when it can't be read."""
        key = (head.namespace, head.secret, head.resource_version)
        with self._lock:
            if key in self._decoded:
                self._decoded.move_to_end(key)
                return self._decoded[key]
        secret = self._cluster.get(SECRET, head.namespace, head.secret)
        if secret is None:
            raise NotFoundError(
                f"Revision {head.revision} of {head.name} is gone.",
                why=f"Helm has removed the Secret {head.namespace}/{head.secret}.",
                next="Choose a revision that is still in the history.",
            )
        found = releases.decode(secret)
        with self._lock:
            self._decoded[key] = found
            while len(self._decoded) > _KEPT:
                self._decoded.popitem(last=False)
        return found

    def owners(self, wanted: Sequence[Wanted], elsewhere: Applications | None = None) -> dict[Wanted, Owned]:
        """Argo CD's Applications that own wanted releases. `elsewhere` lists those of an Argo CD that runs in another
        cluster and deploys to this one; it is asked where this cluster has none.
        """
        found = tuple(pipelines.application(raw) for raw in self._cluster.objects(application_owners.KIND))
        near = bool(found) or elsewhere is None
        about = self._cluster.version()
        here = Here(about.server, about.context, argo=near)
        return application_owners.owned(found if near or elsewhere is None else elsewhere(), wanted, here)

    def history(self, namespace: str, release: str) -> tuple[Revision, ...]:
        """Every stored revision, oldest first; empty when the release was never installed."""
        heads = self.heads(namespace, release)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="revisions") as pool:
            return releases.history(pool.map(self.revision, heads))

    def applied(self, namespace: str, release: str) -> Revision | None:
        """The revision whose manifest was applied last: the newest that is deployed, else the newest that is kept."""
        heads = sorted(self.heads(namespace, release), key=lambda h: -h.revision)
        installed = [h for h in heads if h.status not in (releases.Status.UNINSTALLED, releases.Status.UNINSTALLING)]
        if not heads or heads[0] not in installed:
            return None
        deployed = next((h for h in installed if h.status is releases.Status.DEPLOYED), installed[0])
        return self.revision(deployed)

    def cluster_wide(self) -> frozenset[tuple[str, str]]:
        """(group, kind) of kinds without a namespace: those that the API tells, and the known ones."""
        told = {(k.group, k.kind) for k, info in self._cluster.kinds().items() if not info.namespaced}
        return manifests.CLUSTER_WIDE | told

    def capabilities(self) -> tuple[str, tuple[str, ...]]:
        """The version and API versions that charts see as `.Capabilities`. The version is asked for when the port
        asks for the kinds anew: both are of one age.
        """
        with self._asking:  # the sides of a comparison ask at once
            known = self._cluster.kinds()
            if self._capabilities[0] is not known or not known:
                apis = {k.api_version for k in known} | {f"{k.api_version}/{k.kind}" for k in known}
                self._capabilities = (known, self._cluster.version().version, tuple(sorted(apis)))
            return self._capabilities[1:]

    def live(self, wanted: Mapping[Identity, Object]) -> dict[Identity, Object]:
        """The live objects of these identities, by one list a kind and namespace (a single one is asked for itself)."""
        groups: dict[tuple[Kind, str], list[Identity]] = {}
        for identity, manifest in wanted.items():
            groups.setdefault((manifests.kind_of(manifest), identity.namespace), []).append(identity)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="live") as pool:
            found = list(pool.map(lambda g: self._group(g[0], g[1], groups[g]), groups))
        return {identity: manifest for part in found for identity, manifest in part.items()}

    def _group(self, kind: Kind, namespace: str, identities: list[Identity]) -> dict[Identity, Object]:
        if len(identities) == 1:
            one = self._cluster.get(kind, namespace, identities[0].name)
            return {} if one is None else {identities[0]: one}
        by_name = {i.name: i for i in identities}
        listed = self._cluster.objects(kind, namespace)
        return {by_name[o["metadata"]["name"]]: o for o in listed if o["metadata"]["name"] in by_name}

    def health(self, revisions: Iterable[Revision]) -> dict[tuple[str, str], Finding]:
        """The worst health of each release's workloads, by (namespace, name), from one list a kind and namespace."""
        cluster_wide = self.cluster_wide()
        workloads: dict[tuple[str, str], list[Identity]] = {}
        wanted: dict[Identity, Object] = {}
        applied: dict[Identity, Object] = {}
        for revision in revisions:
            parsed = self._documents.load_all(revision.manifest, f"The manifest of {revision.name}")
            own = {
                manifests.identity_of(m, revision.namespace, cluster_wide): m
                for m in manifests.flatten(parsed)
                if m.get("kind") in health.WORKLOADS
            }
            workloads[(revision.namespace, revision.name)] = list(own)
            wanted |= own
            applied |= own if revision.status is Status.DEPLOYED else {}
        live = self.live(wanted)
        return {
            key: health.worst(_finding(i, live.get(i), applied.get(i)) for i in ids) for key, ids in workloads.items()
        }


def _finding(identity: Identity, live: Object | None, applied: Object | None) -> Finding:
    """The health of one workload; one that runs another version than was `applied` as a whole is unwell."""
    if live is None:
        return Finding(Health.MISSING, f"{identity} isn't in the cluster.")
    found = running_versions.finding(applied, live)
    return Finding(found.health, f"{identity.kind} {identity.name}: {found.reason}" if found.reason else "")
