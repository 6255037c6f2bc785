"""The room of registry logins: hosts named in the credential files of Docker, Podman and Helm, without their secrets.

https://docs.docker.com/reference/cli/docker/login/ and https://helm.sh/docs/topics/registries/.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path


class RegistryLogins:
    """`Logins` on the usual files of a user; `environment` and `home` say where they are."""

    def __init__(self, environment: Mapping[str, str] | None = None, home: Path | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._home = home or Path.home()

    def hosts(self) -> tuple[str, ...]:
        """See `Logins.hosts`."""
        found: set[str] = set()
        for file in self._files():
            try:
                known = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            for key in ("auths", "credHelpers"):
                named = known.get(key) if isinstance(known, dict) else None
                found |= {_host(name) for name in named} if isinstance(named, dict) else set()
        return tuple(sorted(found))

    def _files(self) -> list[Path]:
        docker = Path(self._environment.get("DOCKER_CONFIG") or self._home / ".docker")
        helm = self._environment.get("HELM_REGISTRY_CONFIG")
        config = Path(self._environment.get("XDG_CONFIG_HOME") or self._home / ".config")
        podman = self._environment.get("REGISTRY_AUTH_FILE")
        return [
            docker / "config.json",
            Path(helm) if helm else config / "helm" / "registry" / "config.json",
            Path(podman) if podman else config / "containers" / "auth.json",
        ]


def _host(name: str) -> str:
    return name.removeprefix("https://").removeprefix("http://").split("/")[0]
