"""Hosts with a login, out of the files of three programs; never a credential."""

from __future__ import annotations

import json
from pathlib import Path

from conductor_core.adapters.registry_logins import RegistryLogins


def test_hosts_are_found_in_every_file(tmp_path: Path) -> None:
    docker = {
        "auths": {"https://index.docker.example/v1/": {"auth": "c2VjcmV0"}},
        "credHelpers": {"gcr.example": "gcloud"},
    }
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(docker))
    (tmp_path / "helm.json").write_text(json.dumps({"auths": {"charts.example:5000": {}}}))
    (tmp_path / ".config" / "containers").mkdir(parents=True)
    (tmp_path / ".config" / "containers" / "auth.json").write_text("no json")
    found = RegistryLogins({"HELM_REGISTRY_CONFIG": str(tmp_path / "helm.json")}, tmp_path).hosts()
    assert found == ("charts.example:5000", "gcr.example", "index.docker.example")
    assert RegistryLogins({}, tmp_path / "nobody").hosts() == ()
