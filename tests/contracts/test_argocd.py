"""The contract of `ArgoCd`, on the fake and on the Argo CD of the local control plane."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import httpx
import pytest

from conductor_core.adapters.argocd import HttpxArgoCd
from conductor_core.domain import pipelines
from conductor_core.errors import (
    AccessDeniedError,
    ConductorError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from conductor_core.ports.argocd import ArgoCd
from tests.fakes.argocd import FakeArgoCd, raw_application, raw_pipeline
from tests.real.conftest import plane, run_kubectl  # noqa: F401  # `plane`: the real half asks for it by name

APPSET = """
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: {0}, namespace: argocd}}
spec:
  generators: [{{list: {{elements: [{{env: dev}}]}}}}]
  template:
    metadata: {{name: "{0}-{{{{env}}}}", labels: {{env: "{{{{env}}}}"}}}}
    spec:
      project: default
      source:
        repoURL: "file://{1}"
        path: helm/intelgraph
        targetRevision: "{{{{env}}}}"
        helm: {{releaseName: intelgraph, valueFiles: ["values-{{{{env}}}}.yaml"]}}
      destination: {{server: "https://kubernetes.default.svc", namespace: {0}}}
      syncPolicy: {{syncOptions: [CreateNamespace=true]}}
"""


@dataclass
class World:
    """The port, an ApplicationSet in it with one Application, and how a sync that runs ends there."""

    argocd: ArgoCd
    pipeline: str
    end: Callable[[], None]

    @property
    def name(self) -> str:
        """The Application's name."""
        return f"{self.pipeline}-dev"


def eventually(said: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end
        time.sleep(0.3)


@pytest.fixture(params=["fake", pytest.param("real", marks=[pytest.mark.real, pytest.mark.slow])])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    name = f"t-{uuid.uuid4().hex[:8]}"
    if request.param == "fake":
        fake = FakeArgoCd()
        fake.put(raw_application(f"{name}-dev", name))
        fake.sets[name] = raw_pipeline(name)
        yield World(fake, name, lambda: fake.finish(f"{name}-dev"))
        return
    real = request.getfixturevalue("plane")
    argocd = HttpxArgoCd(real.argocd_url, real.argocd_token())
    run_kubectl(real, "apply", "-f", "-", text=APPSET.format(name, real.ops_repo))
    try:
        eventually(lambda: f"{name}-dev" in {a.name for a in argocd.applications()})
        yield World(argocd, name, lambda: None)
    finally:
        argocd.close()
        run_kubectl(real, "delete", "applicationset", name, "-n", "argocd", "--wait=false")
        run_kubectl(real, "delete", "namespace", name, "--wait=false", "--ignore-not-found")


def test_pipelines_and_their_applications(world: World) -> None:
    assembled = pipelines.assemble(world.argocd.pipelines(), world.argocd.applications())
    (mine,) = [p for p in assembled if p.name == world.pipeline]
    assert mine.generators == ("list",)
    (app,) = mine.applications
    assert (app.name, app.pipeline, app.project) == (world.name, world.pipeline, "default")
    assert app.rollouts or app.sync == "Unknown"


def test_a_sync_carries_who_asked_for_it_and_ends_in_the_history(world: World) -> None:
    world.argocd.sync(world.name, "", "chg-1")
    world.end()

    def done() -> bool:
        operation = world.argocd.application(world.name).operation
        return operation is not None and operation.phase == "Succeeded"

    eventually(done)
    found = world.argocd.application(world.name)
    assert found.operation is not None
    assert (found.operation.operation_id, found.operation.by, found.operation.running) == ("chg-1", "conductor", False)
    assert [h.revision for h in found.history] == [found.operation.revision]
    assert len(found.operation.revision) == 40
    kinds = {m.kind for m in world.argocd.resources(world.name)}
    assert "Rollout" in kinds


def test_a_revision_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(RefusedError) as refused:
        world.argocd.sync(world.name, "no-such-revision", "chg-2")
    assert "no-such-revision" in str(refused.value)


def test_the_stream_begins_with_everything(world: World) -> None:
    wanted = len(world.argocd.applications())
    with closing(world.argocd.watch()) as stream:  # type: ignore[type-var]  # an iterator that is a generator
        seen = {w.application.name: w.application for w in islice(stream, wanted)}
    assert seen[world.name].pipeline == world.pipeline


def test_an_unknown_application_is_said(world: World) -> None:
    for ask in (
        lambda: world.argocd.application("nobody-at-all"),
        lambda: world.argocd.sync("nobody-at-all", "", "chg-3"),
        lambda: world.argocd.resources("nobody-at-all"),
    ):
        with pytest.raises(NotFoundError) as bad:
            ask()
        assert bad.value.next


def answering(status: int, body: str) -> HttpxArgoCd:
    answer = lambda _: httpx.Response(status, text=body)  # noqa: E731  # a transport in one line
    return HttpxArgoCd("http://argocd.test", "token", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, '{"message": "no session information"}', ConfigurationError),
        (403, '{"message": "permission denied: applications, sync"}', AccessDeniedError),
        (400, '{"message": "another operation is already in progress"}', ConflictError),
        (400, '{"message": "Cannot sync: Blocked by sync window"}', RefusedError),
        (503, "upstream", UnreachableError),
        (200, "<html>a login page</html>", ConfigurationError),
    ],
)
def test_what_goes_wrong_is_named(status: int, body: str, kind: type[ConductorError]) -> None:
    with pytest.raises(kind):
        answering(status, body).sync("shop", "", "chg-4")


def test_nobody_there_and_no_address() -> None:
    with pytest.raises(UnreachableError):
        HttpxArgoCd("http://127.0.0.1:9", "t").applications()
    with pytest.raises(ConfigurationError, match="not configured"):
        HttpxArgoCd("", "").pipelines()
