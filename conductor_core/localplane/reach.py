"""The settings, filled in with what the local control plane offers wherever nothing else is chosen."""

from __future__ import annotations

from pydantic import SecretStr

from conductor_core.errors import ConductorError
from conductor_core.localplane import layout
from conductor_core.settings import Settings


def reach(settings: Settings) -> Settings:
    """The settings to work with now.

    With a chosen context nothing is filled in: the product never mixes somebody's cluster with the local control plane.
    Before the plane's first start the fields stay empty, and what needs them says so.
    """
    if settings.kube_context:
        return settings
    try:
        ends = layout.read_endpoints(layout.of(settings))
        token = ends.argocd_token()
    except ConductorError:
        return settings
    planner = layout.of(settings).kubeconfig("planner")
    offered: dict[str, object] = {
        "kube_context": ends.context,
        "kubeconfig": ends.kubeconfig,
        "helm": str(ends.bin / "helm"),
        "kubectl": str(ends.bin / "kubectl"),
        "helmfile": str(ends.bin / "helmfile") if (ends.bin / "helmfile").is_file() else "",
        "tofu": str(ends.bin / "tofu"),
        "tofu_config": ends.tofu_config,
        "plan_kubeconfig": planner if planner.is_file() else None,
        "ops_repo": str(ends.ops_repo),
        "argocd_url": ends.argocd_url,
        "argocd_token": SecretStr(token),
        "prometheus_url": ends.prometheus_url,
        "intelgraph_url": ends.simulator_url + "/svc/{namespace}/{release}-api",
        "intelgraph_ui_url": ends.simulator_url + "/svc/{namespace}/{release}-ui/",
        "cdn_purge": "PURGE",
    }
    free = {name: value for name, value in offered.items() if _empty(getattr(settings, name))}
    return settings.model_copy(update=free)


def _empty(value: object) -> bool:
    return not (value.get_secret_value() if isinstance(value, SecretStr) else value)
