"""The systems outside, as the settings of the moment name them: reached anew when the local control plane moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from conductor_core.adapters import hcl
from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.adapters.argocd import HttpxArgoCd
from conductor_core.adapters.blueprint_files import BlueprintFolders
from conductor_core.adapters.git import GitBuilds, GitRepository
from conductor_core.adapters.helm import HelmProgram
from conductor_core.adapters.helmfile import HelmfileProgram
from conductor_core.adapters.kubernetes import KubernetesCluster, KubernetesPatches
from conductor_core.adapters.opa import OpaEngine
from conductor_core.adapters.policy_files import PolicyFiles
from conductor_core.adapters.prometheus import PrometheusApi
from conductor_core.adapters.rego import RegoEngine
from conductor_core.adapters.slack import Slack
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.tofu import Credentials, TofuProgram
from conductor_core.adapters.web import HttpxWeb
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.ports.argocd import ArgoCd
from conductor_core.ports.builds import SourceBuilds
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.helm import Helm
from conductor_core.ports.helmfile import Helmfile
from conductor_core.ports.identities import Identities
from conductor_core.ports.late import late
from conductor_core.ports.object_patches import ObjectPatches
from conductor_core.ports.policy import PolicyEngine
from conductor_core.ports.prometheus import Prometheus
from conductor_core.ports.repository import Repository
from conductor_core.ports.rollouts import Rollouts
from conductor_core.ports.tofu import Tofu
from conductor_core.settings import PROJECT_ROOT, Settings

Now = Callable[[], Settings]
"""Gives the settings with the addresses of this moment."""

FETCH_EVERY = 15.0
"""Seconds between two looks for new blueprints in the operations repository; what is applied are approved bytes."""


def cluster(now: Now) -> Cluster:
    """The Kubernetes API, to read and to dry-run."""
    return late(now, lambda s: KubernetesCluster(s.kubeconfig, s.kube_context))


def patches(now: Now) -> ObjectPatches:
    """The Kubernetes API, to patch single objects."""
    return late(now, lambda s: KubernetesPatches(s.kubeconfig, s.kube_context))


def fleet_rollouts(settings: Settings, now: Now) -> dict[str, Rollouts]:
    """Argo Rollouts of the further contexts, by their names."""

    def of(context: str) -> Rollouts:
        cluster = late(now, lambda s: cast(Cluster, KubernetesCluster(s.kubeconfig, context)))
        writes = late(now, lambda s: cast(ObjectPatches, KubernetesPatches(s.kubeconfig, context)))
        return ArgoRollouts(cluster, writes, context)

    return {name: of(name) for text in settings.fleet_contexts.split(",") if (name := text.strip())}


def argocd(now: Now) -> ArgoCd:
    """Argo CD's API server."""
    return late(now, lambda s: HttpxArgoCd(s.argocd_url, s.argocd_token.get_secret_value()))


def prometheus(now: Now) -> Prometheus:
    """Prometheus' HTTP API."""
    return late(now, lambda s: PrometheusApi(s.prometheus_url))


def helm(now: Now, runner: SystemCommands, documents: YamlDocuments) -> Helm:
    """The helm program; charts are built in the data folder."""
    return late(
        now,
        lambda s: HelmProgram(runner, documents, s.helm or "helm", s.kubeconfig, s.kube_context, s.home / "charts"),
    )


def helmfile(now: Now, runner: SystemCommands) -> Helmfile:
    """The helmfile program, with the helm that everything else uses; it works on copies in the data folder."""

    def program(s: Settings) -> Helmfile:
        return HelmfileProgram(
            runner, s.helmfile or "helmfile", s.helm or "helm", s.kubeconfig, s.kube_context, s.home / "work"
        )

    return late(now, program)


def repository(now: Now, runner: SystemCommands) -> Repository:
    """The operations repository, mirrored in the data folder."""
    return late(now, lambda s: GitRepository(runner, s.ops_repo, s.home))


def builds(now: Now, runner: SystemCommands) -> SourceBuilds:
    """The repository that the UI is built from, in temporary folders of the data folder."""
    return late(now, lambda s: GitBuilds(runner, s.ui_repo, s.home / "work"))


def tofu(now: Now, runner: SystemCommands) -> Tofu:
    """The tofu or terraform program; a plan gets other credentials than an apply."""

    def program(s: Settings) -> Tofu:
        applying = Credentials(s.kubeconfig, s.kube_context, s.tofu_apply_env)
        reading, context = s.plan_kubeconfig or s.kubeconfig, s.plan_kube_context or s.kube_context
        planning = Credentials(reading, context, s.tofu_plan_env)
        backend = s.tofu_backend.read_text(encoding="utf-8") if s.tofu_backend else ""
        return TofuProgram(
            runner,
            s.tofu or "tofu",
            s.home,
            config=s.tofu_config,
            backend=backend,
            planning=planning,
            applying=applying,
        )

    return late(now, program)


def blueprints(settings: Settings, repository: Repository, documents: YamlDocuments) -> BlueprintFolders:
    """The blueprints of the operations repository, else of the configured folder, else of this checkout."""
    fetched = float("-inf")

    def folder() -> Path:
        nonlocal fetched
        if settings.infra or not settings.ops_repo:
            return settings.infra or PROJECT_ROOT
        if time.monotonic() > fetched + FETCH_EVERY:
            repository.fetch()
            fetched = time.monotonic()
        return repository.export(repository.resolve("HEAD"), ".")

    return BlueprintFolders(folder, documents, hcl.blocks, hcl.attributes, hcl.variable_lines, hcl.variable_texts)


def policy(settings: Settings) -> PolicyEngine:
    """An OPA server when one is configured, else the embedded Rego."""
    bundle = PolicyFiles(PROJECT_ROOT / (settings.policy_bundle or "policies/opa"))
    return OpaEngine(settings.opa_url, bundle) if settings.opa_url else RegoEngine(bundle)


def messenger(settings: Settings) -> Slack | None:
    """Slack; None: it is not configured."""
    webhook, token = settings.slack_webhook.get_secret_value(), settings.slack_token.get_secret_value()
    slack = Slack(webhook, token, settings.slack_channel)
    return slack if slack.configured else None


def identities(settings: Settings, web: HttpxWeb) -> Identities:
    """Who the single sign-on says a token's bearer is."""

    def provider(w: HttpxWeb) -> Identities:
        from conductor_core.adapters.oidc import OidcIdentities  # its library only where somebody signs in

        audience = settings.oidc_audience or settings.oidc_client_id
        return OidcIdentities(w, settings.oidc_issuer, audience, time.time, time.monotonic)

    return late(lambda: web, provider)
