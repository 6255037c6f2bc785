"""Where the local control plane keeps its state, and how the rest of the product reaches it (`Endpoints`).

Everything lies below `<home>/local`, readable by its owner only. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from conductor_core.errors import StateError
from conductor_core.settings import Settings

CONTEXT = "conductor-local"
NAME = "local"


@dataclass(frozen=True)
class Endpoints:
    """Addresses and files of a plane; `argocd_token_file` holds the token of account `conductor`."""

    kubeconfig: Path
    context: str
    api_url: str
    argocd_url: str
    argocd_token_file: Path
    prometheus_url: str
    simulator_url: str
    ops_repo: Path
    bin: Path
    tofu_config: Path

    def argocd_token(self) -> str:
        """The bearer token of Argo CD's account `conductor`; raises `StateError` before the first start has ended."""
        try:
            return self.argocd_token_file.read_text(encoding="utf-8").strip()
        except OSError as bad:
            raise StateError(
                "The local Argo CD has no token yet.",
                why=str(bad),
                next="Run `conductor local up` and wait for its end.",
            ) from bad

    def as_json(self) -> dict[str, str]:
        """All fields as text; the token itself is not among them."""
        return {k: str(v) for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Layout:
    """Folders and files of one home's plane."""

    root: Path
    logs: Path

    @property
    def run(self) -> Path:
        """State of the supervisor."""
        return self.root / "run"

    @property
    def pki(self) -> Path:
        """Certificate authority, keys, tokens."""
        return self.root / "pki"

    @property
    def kubeconfigs(self) -> Path:
        """One kubeconfig a component, `admin` for people."""
        return self.root / "kubeconfigs"

    @property
    def config(self) -> Path:
        """Rendered configuration files and seeded manifests."""
        return self.root / "config"

    @property
    def data(self) -> Path:
        """Databases of etcd, Prometheus and the caches of Argo CD."""
        return self.root / "data"

    @property
    def ports_file(self) -> Path:
        """Ports chosen at the first start."""
        return self.root / "ports.json"

    @property
    def endpoints_file(self) -> Path:
        """Written by each start."""
        return self.root / "endpoints.json"

    @property
    def token_file(self) -> Path:
        """Argo CD's token of account `conductor`."""
        return self.root / "argocd-token"

    @property
    def ops_repo(self) -> Path:
        """The bare operations repository."""
        return self.root / "operations.git"

    @property
    def provider_mirror(self) -> Path:
        """tofu's filesystem mirror of providers."""
        return self.root / "providers"

    @property
    def tofu_config(self) -> Path:
        """tofu's CLI configuration (`TF_CLI_CONFIG_FILE`) that knows no source of providers but the mirror."""
        return self.root / "tofu.rc"

    def kubeconfig(self, who: str) -> Path:
        """The kubeconfig of component `who`."""
        return self.kubeconfigs / f"{who}.yaml"

    def make(self) -> None:
        """Create the folders; raises `OSError`."""
        for folder in (self.root, self.run, self.pki, self.kubeconfigs, self.config, self.data, self.data / "tmp"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)


def of(settings: Settings) -> Layout:
    """The layout of the home in `settings`."""
    return Layout(settings.home.absolute() / "local", settings.log_dir.absolute() / "local")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, by atomic rename."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def read_endpoints(layout: Layout) -> Endpoints:
    """The endpoints of the last start; raises `StateError` when this home never had a plane."""
    try:
        body = json.loads(layout.endpoints_file.read_text(encoding="utf-8"))
        paths = {"kubeconfig", "argocd_token_file", "ops_repo", "bin", "tofu_config"}
        told: dict[str, Any] = {k: Path(body[k]) if k in paths else body[k] for k in Endpoints.__dataclass_fields__}
        return Endpoints(**told)
    except (OSError, ValueError, KeyError, TypeError) as bad:
        raise StateError(
            "There is no local control plane in this home.",
            why=f"{layout.endpoints_file} can't be read: {bad}",
            next="Run `conductor local up`.",
        ) from bad
