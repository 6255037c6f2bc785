"""Every setting of the product, from the environment and `.env`; a missing optional one disables its feature.

Names are the field names in upper case behind `CONDUCTOR_`. The environment beats `.env`, which beats the default.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from string import Formatter
from typing import Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from conductor_core.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_WORD = re.compile(r"(?<!\$)\{(\w+)\}")


class Settings(BaseSettings):
    """Frozen settings of one process. Paths are absolute or relative to the working directory."""

    model_config = SettingsConfigDict(
        env_prefix="CONDUCTOR_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    home: Path = Field(
        default_factory=lambda: user_data_path("maestro-conductor"),
        description="Folder of the data: database, evidence, logs, the local control plane's state.",
    )
    cache: Path = Field(
        default_factory=lambda: user_cache_path("maestro-conductor"),
        description="Folder of the built programs; safe to delete.",
    )
    host: str = Field(default="127.0.0.1", description="Address that UI and API bind to.")
    ui_port: int = Field(default=8501, ge=0, le=65535, description="Port of the workbench; the next free one is taken.")
    api_port: int = Field(default=8600, ge=0, le=65535, description="Port of maestro-api; the next free one is taken.")
    public_url: str = Field(default="", description="Address of the workbench in deep links; empty: host and port.")
    api_url: str = Field(default="", description="Address of maestro-api for its own status; empty: host and port.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")

    identity_mode: Literal["local", "oidc"] = Field(
        default="local", description="`local`: three named identities on this machine; `oidc`: single sign-on."
    )
    oidc_issuer: str = Field(default="", description="Issuer URL of the single sign-on provider.")
    oidc_client_id: str = Field(default="", description="Client id of the workbench at the provider.")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="Client secret of the workbench.")
    oidc_scopes: str = Field(default="openid profile email", description="Scopes that the workbench asks for.")
    oidc_audience: str = Field(default="", description="Audience that bearer tokens must carry; empty: the client id.")
    oidc_groups_claim: str = Field(default="groups", description="Claim that lists a person's groups.")
    oidc_roles: str = Field(
        default="",
        description="Which groups hold which role, as `captain=a; approver=b,c; operator=d`; all others only read.",
    )

    cookie_secret: SecretStr = Field(
        default=SecretStr(""), description="Signs the workbench's cookies; the same for all its replicas. Empty: made."
    )

    database_url: SecretStr = Field(
        default=SecretStr(""), description="PostgreSQL URL; empty: the embedded PostgreSQL in the data folder."
    )
    ops_repo: str = Field(
        default="", description="URL or path of the operations repository (helm/, policies/, infra/)."
    )
    chart_sources: str = Field(
        default="",
        description="Registries and repositories that charts may come from: `shop=https://charts.example.com; "
        "oci://registry.example.com/charts`. Charts that channels.yaml names need no entry.",
    )
    chart_folders: str = Field(
        default="", description="Folders on this machine whose charts the workbench may compare, with ':' between them."
    )
    post_renderers: str = Field(
        default="",
        description="Post-renderers that channels.yaml may name: `overlay=/opt/overlay; labels=/opt/labels --strict`.",
    )
    kube_context: str = Field(
        default="", description="Context of the kubeconfig to work on; empty: the local control plane."
    )
    fleet_contexts: str = Field(
        default="",
        description="Further contexts of the kubeconfig whose Rollouts may be members of fleets; comma between.",
    )
    kubeconfig: Path | None = Field(default=None, description="Kubeconfig file; empty: the usual search.")
    helm: str = Field(default="", description="helm program; empty: the built one, else the one on PATH.")
    kubectl: str = Field(default="", description="kubectl program; empty: the built one, else the one on PATH.")
    tofu: str = Field(default="", description="tofu or terraform program; empty: the built one, else tofu on PATH.")
    tofu_config: Path | None = Field(
        default=None, description="CLI configuration of tofu (mirrors, registries); empty: the local mirror, if any."
    )
    tofu_backend: Path | None = Field(
        default=None,
        description="File with a `backend` block, {environment} in it; empty: state below CONDUCTOR_HOME.",
    )
    tofu_plan_env: str = Field(
        default="", description="Variables of the worker that plans may see: NAME or FROM:NAME, with commas."
    )
    tofu_apply_env: str = Field(
        default="",
        description="Variables of the worker that applies may see: NAME or FROM:NAME, with commas; HOME for its files.",
    )
    plan_kubeconfig: Path | None = Field(
        default=None, description="Kubeconfig that may only read, for plans; empty: the one that applies use."
    )
    plan_kube_context: str = Field(default="", description="Context in it; empty: CONDUCTOR_KUBE_CONTEXT.")
    infra: Path | None = Field(
        default=None,
        description="Folder with infra/ and helm/ of blueprints; empty: the operations repository, else this project.",
    )
    helmfile: str = Field(default="", description="helmfile program; empty: the built one, else the one on PATH.")
    opa_url: str = Field(default="", description="URL of an OPA server; empty: the embedded engine.")
    policy_bundle: str = Field(
        default="", description="Folder of the Rego bundle; empty: policies/opa of the operations repository."
    )
    argocd_url: str = Field(default="", description="URL of the Argo CD API.")
    argocd_token: SecretStr = Field(default=SecretStr(""), description="Bearer token of the Argo CD API.")
    prometheus_url: str = Field(default="", description="URL of Prometheus.")
    grafana_url: str = Field(default="", description="URL of Grafana, for embedded panels.")
    frozen_sets: Literal["refuse", "queue"] = Field(
        default="refuse", description="What becomes of a promotion into a set while a wave runs in it."
    )
    grafana_panels: str = Field(
        default="",
        description="Panels of a rollout below Grafana's URL, comma between; {namespace} and {rollout} are filled.",
    )
    slack_webhook: SecretStr = Field(default=SecretStr(""), description="Slack webhook for approval notices.")
    slack_token: SecretStr = Field(default=SecretStr(""), description="Slack app token, in place of the webhook.")
    slack_channel: str = Field(default="", description="Slack channel that the app token posts to.")
    jira_url: str = Field(default="", description="URL of Jira, for drift tickets.")
    jira_token: SecretStr = Field(default=SecretStr(""), description="Token of Jira.")
    intelgraph_url: str = Field(default="", description="URL of the IntelGraph API that `status` asks for health.")
    intelgraph_ui_url: str = Field(
        default="",
        description="URL of the UI's page, whose files are looked at; {release} and {namespace} are filled in.",
    )
    asset_hosts: str = Field(
        default="", description="Hosts that serve files of the UI beside its own, such as a CDN; comma between."
    )
    cdn_purge: str = Field(
        default="",
        description='Drops files from the cache: an address that takes POST {"files": [...]}, or PURGE, the method.',
    )
    cdn_token: SecretStr = Field(default=SecretStr(""), description="Bearer token for dropping files from the cache.")

    ui_repo: str = Field(default="", description="Git repository (URL or path) that the UI is built from.")
    ui_ref: str = Field(default="v{version}", description="Its branch or tag; {version} is the tag of the UI's image.")
    ui_build: str = Field(default="", description="Program and arguments, no shell, that build and upload the UI.")

    ledger_url: str = Field(
        default="",
        pattern="^[^@]*$",
        description="Where the ledger is kept: `s3://bucket/prefix`, no credentials in it; empty: the data folder.",
    )
    witnesses: str = Field(
        default="", description="Witnesses who cosign the ledger: `vkey URL` each, separated by commas."
    )
    smoke_urls: str = Field(
        default="",
        description="More addresses for smoke suites: name=URL, comma between; {release} and {namespace} are filled.",
    )

    report_schedules: str = Field(
        default="",
        description="Reports made by themselves: day, week or month, of what: `month; week environment=prod`.",
    )

    channels_file: str = Field(
        default="channels.yaml", description="File in the operations repository that declares channels and releases."
    )

    @field_validator("intelgraph_url", "intelgraph_ui_url", "smoke_urls")
    @classmethod
    def _can_be_filled(cls, text: str) -> str:
        if fault := _fault(text, {"namespace", "release"}):
            raise ValueError(fault)
        return text

    @field_validator("grafana_panels")
    @classmethod
    def _knows_its_words(cls, text: str) -> str:
        if fault := _unknown_word(text, {"namespace", "rollout"}):
            raise ValueError(fault)
        return text

    def chart_roots(self) -> tuple[Path, ...]:
        """The folders of `chart_folders`."""
        return tuple(Path(text) for text in self.chart_folders.split(":") if text.strip())

    @property
    def run_dir(self) -> Path:
        """Folder of locks, sockets and pid files."""
        return self.home / "run"

    @property
    def log_dir(self) -> Path:
        """Folder of the processes' logs."""
        return self.home / "logs"

    @property
    def blob_dir(self) -> Path:
        """Folder of the content-addressed evidence."""
        return self.home / "blobs"

    @property
    def address(self) -> str:
        """The address of the workbench, without a slash at its end."""
        return self.public_url.rstrip("/") or self._own("ui", self.ui_port)

    @property
    def api_address(self) -> str:
        """The address of maestro-api as this installation reaches it, without a slash at its end."""
        return self.api_url.rstrip("/") or self._own("api", self.api_port)

    @property
    def api_served(self) -> bool:
        """Whether maestro-api is to be served: its address is given, or `up` has started it in this home."""
        return bool(self.api_url) or (self.run_dir / "ports.json").is_file()

    def _own(self, name: str, port: int) -> str:
        """Where that process of this home listens; `up` notes the ports that it found free."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            port = int(json.loads((self.run_dir / "ports.json").read_text(encoding="utf-8"))[name])
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # every address: also ours
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def kernel_variables(self, change_id: str) -> dict[str, str]:
        """The environment of a notebook's kernel: these settings as they are, and which Change it runs for."""
        given = {f"CONDUCTOR_{name.upper()}": getattr(self, name) for name in self.model_fields_set | {"home", "cache"}}
        plain = {k: v.get_secret_value() if isinstance(v, SecretStr) else v for k, v in given.items()}
        told = {k: str(v) for k, v in plain.items() if v is not None}
        return self._passed_on() | told | {"CONDUCTOR_CHANGE_ID": change_id}

    def _passed_on(self) -> dict[str, str]:
        """What tofu is to see of the worker's environment, and secrets that are given there."""
        named = re.findall(r"[A-Za-z_]\w*", f"{self.tofu_plan_env} {self.tofu_apply_env}")
        return {k: v for k, v in os.environ.items() if k in named or k.startswith("CONDUCTOR_SECRET_")}


def _fault(text: str, known: Collection[str]) -> str:
    """Why `str.format` can't fill the text with the names of `known`; '' when it can."""
    told = f"use {' and '.join(f'{{{name}}}' for name in sorted(known))} only"
    try:
        for _, name, form, conversion in Formatter().parse(text):
            if name is not None and (name not in known or form or conversion):
                return f"{{{name}}} is no known placeholder: {told}"
    except ValueError as bad:
        return f"a brace doesn't match ({bad}): {told}"
    return ""


def _unknown_word(text: str, known: Collection[str]) -> str:
    """As `_fault`, for texts that have braces of their own: only a bare `{word}` counts."""
    found = next((word for word in _WORD.findall(text) if word not in known), "")
    return (
        f"{{{found}}} is no known placeholder: use {' and '.join(f'{{{n}}}' for n in sorted(known))}" if found else ""
    )


def load() -> Settings:
    """Read the settings; raises `ConfigurationError` that names each bad one and where to mend it."""
    try:
        return Settings()
    except ValidationError as bad:
        raise ConfigurationError(
            "A setting has a value that can't be used.",
            why=" ".join(_told(str(error["loc"][0]), error["msg"]) for error in bad.errors()),
            next="Correct it in the environment or in .env; .env.example explains every setting.",
        ) from bad


def _told(field: str, problem: str) -> str:
    """What is wrong with a setting, and what it is for: a pattern alone tells nobody what it wants."""
    known = Settings.model_fields.get(field)
    return f"CONDUCTOR_{field.upper()}: {problem.rstrip('.')}. {known.description if known else ''}".rstrip()
