"""Releases as people and plans read them: the catalogue, the matrix, renders, live objects, comparisons and history."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from conductor_core.domain import (
    channels,
    comparison,
    manifests,
    ownership,
    post_renderers,
    references,
    text_lines,
)
from conductor_core.domain.channels import Catalogue, Channel, ReleaseSpec
from conductor_core.domain.comparison import Comparison, ResourceDiff, Side
from conductor_core.domain.manifests import Identity, Object, hook_events
from conductor_core.domain.masking import Masker, secrets_in, show
from conductor_core.domain.quarantine import Quarantine
from conductor_core.domain.references import Ref
from conductor_core.domain.releases import Revision
from conductor_core.errors import InputError, NotFoundError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import ChartRequest, Helm
from conductor_core.ports.repository import Repository
from conductor_core.services.release_cluster import Applications, ReleaseCluster
from conductor_core.services.release_dry_runs import DryRuns
from conductor_core.services.release_inventory import Inventory, inventory, marked
from conductor_core.services.release_renders import NOWHERE, ChartPlaces, ReleaseRenders, Render
from conductor_core.services.release_sides import Loaded, aligned, found, pairs, prediction, swapped


class ReleaseReader:
    """Reads releases through its ports and changes nothing.

    `mask_key`: at least 16 random bytes that this installation keeps, for fingerprints of secrets. `fresh_seconds`:
    how old the mirror of the operations repository may be before it is fetched again; `quarantined` gives the
    quarantines that stand; `charts` says where charts may come from; `elsewhere`: see
    `ReleaseCluster.owners`. Safe to use from many threads.
    """

    def __init__(
        self,
        repository: Repository,
        helm: Helm,
        cluster: Cluster,
        documents: Documents,
        *,
        mask_key: bytes,
        channels_file: str = "channels.yaml",
        fresh_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        quarantined: Callable[[], Sequence[Quarantine]] = tuple,
        charts: ChartPlaces = NOWHERE,
        dry_runs: DryRuns | None = None,
        elsewhere: Applications | None = None,
    ) -> None:
        self._repository, self._documents = repository, documents
        self._cluster = ReleaseCluster(cluster, documents)
        self._renders = ReleaseRenders(repository, helm, self._cluster, documents, charts, self._used)
        self._mask_key, self._channels_file, self._dry_runs = mask_key, channels_file, dry_runs
        self._fresh_seconds, self._clock, self._quarantined = fresh_seconds, clock, quarantined
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._fetched_at, self._elsewhere = float("-inf"), elsewhere
        self._commits: dict[str, str] = {}
        self._catalogue: tuple[str, Catalogue] | None = None

    def refresh(self, *, force: bool = True) -> None:
        """Fetch the operations repository, unless `force` is off and it was fetched a moment ago; raises
        `UnreachableError`.
        """
        with self._lock:
            if force or self._clock() - self._fetched_at > self._fresh_seconds:
                self._repository.fetch()
                self._fetched_at = self._clock()
                self._commits.clear()

    def catalogue(self) -> Catalogue:
        """The releases and channels of the channels file on the default branch; bad entries are in `problems`.

        Raises `NotFoundError` when there is no such file, `InputError` when it is no channels file,
        `UnreachableError`, `ConfigurationError`.
        """
        self.refresh(force=False)
        with self._reading:  # the sides of a comparison want it at once
            commit = self._resolve("HEAD")
            known = self._catalogue
            if known is None or known[0] != commit:
                data = self._repository.read(commit, self._channels_file)
                found = channels.parse(self._documents.load(data, self._channels_file), self._channels_file)
                self._catalogue = known = (commit, found)
            return known[1]

    def inventory(self, *, check_step: bool = True) -> Inventory:
        """The release x channel matrix with foreign releases at its end; `check_step` renders each channel to see
        whether it is in step.
        """
        found = inventory(self.catalogue(), self._cluster, self._in_step if check_step else None, self._elsewhere)
        return marked(found, self._quarantined())

    def channel(self, release: str, channel: str) -> tuple[ReleaseSpec, Channel]:
        """The declaration of a release and of its channel; raises `NotFoundError` that lists the known ones."""
        spec = self.catalogue().release(release)
        return spec, spec.channel(channel)

    def namespace(self, release: str, channel: str) -> str:
        """The namespace that the channel installs into."""
        return self.channel(release, channel)[1].namespace

    def commit(self, release: str, channel: str) -> str:
        """The commit at the tip of the channel's branch."""
        return self._resolve(self.channel(release, channel)[1].branch)

    def chart_request(
        self, release: str, channel: str, commit: str = "", sets: Mapping[str, str] | None = None
    ) -> ChartRequest:
        """What Helm is given to install a channel at a commit ('' is the branch's tip); raises `NotFoundError` for a
        missing chart or overlay.
        """
        spec, where = self.channel(release, channel)
        return self._renders.request(spec, where, commit or self._resolve(where.branch), sets or {})

    def render(self, release: str, ref: str, sets: Mapping[str, str] | None = None) -> Render:
        """What `channel:C`, `commit:SHA/C`, `tag:T/C`, a chart's address or `folder:PATH#C` renders to. Raises
        `InputError` for a reference that isn't rendered, and Helm's errors.
        """
        found = references.parse(ref)
        if found.kind in ("live", "revision") or not (found.channel or found.kind in ("chart", "folder")):
            raise InputError(
                f"{ref} can't be rendered.",
                why="It names no channel, or a state that is stored and not rendered.",
                next="Write channel:NAME, commit:SHA/NAME, tag:NAME/NAME, or the address of a chart.",
            )
        return self._render(release, found, sets or {})

    def live(self, release: str, channel: str) -> dict[Identity, Object]:
        """The live objects of the installed revision, as the API gives them; empty when it isn't installed."""
        applied = self._applied(self.namespace(release, channel), release)
        return self._cluster.live(applied[1]) if applied else {}

    def manifests(self, release: str, channel: str) -> tuple[Object, ...]:
        """The manifests of the installed revision, as they were applied; empty when it isn't installed."""
        applied = self._applied(self.namespace(release, channel), release)
        return tuple(applied[1].values()) if applied else ()

    def history(self, release: str, channel: str) -> tuple[Revision, ...]:
        """Every stored revision, oldest first; empty when it was never installed."""
        return self._cluster.history(self.namespace(release, channel), release)

    def compare(
        self,
        release: str,
        from_ref: str,
        to_ref: str,
        sets: Mapping[str, str] | None = None,
        *,
        anywhere: bool = False,
        all_fields: bool = False,
        confirm: bool = False,
    ) -> Comparison:
        """What turns one state into the other, resource by resource, secrets hidden; `sets` are given to the side
        `to_ref`. `anywhere`: `folder:PATH` may be any folder that this process can read, as on a person's own machine.
        `all_fields`: live objects are shown whole. `confirm`: what would become of live objects is asked from the API
        server, by dry runs.

        Raises `NotFoundError` for an unknown release, channel, revision, commit or overlay, `InputError` for a bad
        reference, and the ports' errors. The same states give the same bytes (`Comparison.as_json`).
        """
        first, second = references.pair(from_ref, to_ref)
        with ThreadPoolExecutor(3, thread_name_prefix="sides") as pool:  # all at once: most of it is waiting
            pool.submit(self._cluster.capabilities)  # known by the time that a side asks; its failure is that side's
            one = pool.submit(self._load, release, first, {}, anywhere)
            two = pool.submit(self._load, release, second, sets or {}, anywhere)
            old, new = one.result(), two.result()
        old, new = self._with_live(old, new), self._with_live(new, old)
        matched, basis = pairs(old, new, all_fields=all_fields), prediction(old, new)
        if confirm and basis and self._dry_runs is not None:
            wanted = aligned(new, old.namespace) if old.live else aligned(old, new.namespace)
            asked = matched if old.live else swapped(matched)
            told = self._dry_runs.confirmed(asked, wanted.objects, all_fields=all_fields)
            matched, basis = told if old.live else swapped(told), "server"
        masker = comparison.masker_for(self._mask_key, matched)
        return comparison.compare(old.side, new.side, matched, masker, basis, all_fields=all_fields)

    def masked(self, objects: Mapping[Identity, Object]) -> tuple[Object, ...]:
        """Manifests with secrets hidden, in order of identity: fit to be shown and kept."""
        masker = Masker(self._mask_key, secrets_in(objects.values()))
        return tuple(show(masker.hide(objects[i])) for i in sorted(objects))

    def lines(self, resource: ResourceDiff, context: int = 3) -> tuple[text_lines.Line, ...]:
        """One resource of a comparison as lines of YAML, with `context` equal lines around each change."""
        old, new = (self._documents.dump(o) if o is not None else "" for o in (resource.old, resource.new))
        return text_lines.lines(old, new, context)

    def owner(self, objects: Mapping[Identity, Object]) -> tuple[str, str]:
        """The Argo CD Application that owns these objects in the cluster; see `ownership.owner`."""
        kept = {i: o for i, o in objects.items() if not hook_events(o)}
        return ownership.owner(self._cluster.live(kept).values())

    def objects_of(self, revision: Revision) -> dict[Identity, Object]:
        """The manifests of a stored revision by identity, hooks left out; raises `InputError`."""
        return self._objects(revision.manifest, revision)

    def hooks_of(self, revision: Revision) -> dict[Identity, Object]:
        """The hooks of a stored revision that a deploy runs, by identity; raises `InputError`."""
        return {i: o for i, o in self._objects(revision.hooks, revision).items() if not manifests.is_test(o)}

    def _resolve(self, ref: str) -> str:
        """The commit of a reference, the same one until the next fetch."""
        known = self._commits.get(ref)
        if known is None:
            known = self._commits[ref] = self._repository.resolve(ref)
        return known

    def _render(self, release: str, ref: Ref, sets: Mapping[str, str], anywhere: bool = False) -> Render:
        if ref.kind in ("chart", "folder"):
            where = self.channel(release, ref.channel) if ref.channel else None
            tip = self._resolve(where[1].branch) if where else ""
            return self._renders.of_chart(release, ref, where, tip, sets, anywhere)
        spec, channel = self.channel(release, ref.channel)
        commit = self._resolve(channel.branch if ref.kind == "channel" else ref.point)
        return self._renders.of(spec, channel, commit, sets)

    def _used(self) -> list[str]:
        return [chart for spec in self.catalogue().releases for chart in spec.charts if channels.remote(chart)]

    def _applied(self, namespace: str, release: str) -> tuple[Revision, dict[Identity, Object]] | None:
        revision = self._cluster.applied(namespace, release)
        return None if revision is None else (revision, self._objects(revision.manifest, revision))

    def _objects(self, text: str, revision: Revision) -> dict[Identity, Object]:
        parsed = self._documents.load_all(text, f"Revision {revision.revision} of {revision.name}")
        return manifests.indexed(parsed, revision.namespace, self._cluster.cluster_wide())

    def _load(self, release: str, ref: Ref, sets: Mapping[str, str], anywhere: bool) -> Loaded:
        if ref.kind == "live":
            namespace = self.namespace(release, ref.channel)
            applied = self._applied(namespace, release)
            title = f"{ref.channel}, live" if applied else f"{ref.channel}, live (not installed by Helm)"
            notes = self._unknown_post(release, ref.channel, applied[0].manifest) if applied else ()
            hooks = self.hooks_of(applied[0]) if applied else None
            side = Side(str(ref), title, notes)
            return Loaded(side, release, namespace, {}, applied[1] if applied else {}, hooks=hooks)
        if ref.kind == "revision":
            return self._load_revision(release, ref)
        made = self._render(release, ref, sets, anywhere)
        place = f"{ref.channel} at {made.commit[:12]}" if made.commit else "its own values"
        title = (f"{made.source} with {place}" if made.source else place) + (" and values set by hand" if sets else "")
        side = Side(str(ref), title, made.notes)
        return Loaded(side, release, made.request.namespace, made.everything, crds=frozenset(made.crds))

    def _load_revision(self, release: str, ref: Ref) -> Loaded:
        namespace = self.namespace(release, ref.channel)
        heads = self._cluster.heads(namespace, release)
        head = next((h for h in heads if h.revision == int(ref.point)), None)
        if head is None:
            raise NotFoundError(
                f"{release} in {ref.channel} has no revision {ref.point}.",
                why=f"Its revisions are: {', '.join(str(h.revision) for h in heads[-20:]) or '(none)'}.",
                next="Choose one of these.",
            )
        found = self._cluster.revision(head)
        crds = self._objects("\n---\n".join(found.crds), found)
        objects = {**crds, **self._objects(found.manifest, found), **self.hooks_of(found)}
        title = f"{ref.channel}, revision {found.revision} ({found.status.value})"
        notes = self._unknown_post(release, ref.channel, found.manifest)
        return Loaded(Side(str(ref), title, notes), release, namespace, objects, crds=frozenset(crds))

    def _unknown_post(self, release: str, channel: str, manifest: str) -> tuple[str, ...]:
        """A remark when a stored manifest was changed by a post-renderer that the channel doesn't declare."""
        return () if self._declares_post(release, channel) else post_renderers.unknown_note(manifest)

    def _declares_post(self, release: str, channel: str) -> bool:
        found = next((r for r in self.catalogue().releases if r.name == release), None)
        return found is not None and any(c.name == channel and c.post is not None for c in found.channels)

    def _with_live(self, loaded: Loaded, other: Loaded) -> Loaded:
        """A live side with its objects: those that its release has applied, and those that the other side wants."""
        if loaded.applied is None:
            return loaded
        wanted = {} if other.live else aligned(other, loaded.namespace).objects
        asked = {i: o for i, o in {**wanted, **loaded.applied}.items() if not hook_events(o)}
        return found(loaded, self._cluster.live(asked))

    def _in_step(self, spec: ReleaseSpec, channel: Channel, revision: Revision) -> bool:
        made = self._renders.of(spec, channel, self._resolve(channel.branch), {})
        return made.is_what(self._objects(revision.manifest, revision))
