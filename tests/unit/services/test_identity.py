"""Names in local mode, tokens and claims in single sign-on mode; never both."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.domain.actors import Role
from conductor_core.errors import AccessDeniedError, ConfigurationError
from conductor_core.services.identity import IdentityService
from conductor_core.settings import Settings
from tests.fakes.identities import FakeIdentities

CLAIMS = {"iss": "https://id.example", "sub": "alice", "groups": ["leads"]}


def service(home: Path, **settings: object) -> IdentityService:
    given = {"identity_mode": "oidc", "oidc_issuer": "https://id.example/", "oidc_roles": "captain=leads"}
    return IdentityService(Settings.model_validate({"home": home, **given, **settings}), FakeIdentities({"t": CLAIMS}))


def test_single_sign_on(tmp_path: Path) -> None:
    known = service(tmp_path)
    assert known.bearer("t") == known.claimed(CLAIMS)
    assert known.bearer("t").has(Role.CAPTAIN)
    with pytest.raises(AccessDeniedError, match="Local identities are off"):
        known.local("captain")
    with pytest.raises(AccessDeniedError, match="another issuer"):
        known.claimed({**CLAIMS, "iss": "https://elsewhere.example"})
    with pytest.raises(AccessDeniedError, match="another issuer"):
        known.claimed({"sub": "alice"})


def test_local_mode_takes_no_tokens(tmp_path: Path) -> None:
    known = service(tmp_path, identity_mode="local")
    assert known.local("captain").has(Role.CAPTAIN)
    with pytest.raises(AccessDeniedError, match="local mode"):
        known.bearer("t")
    with pytest.raises(AccessDeniedError, match="local mode"):
        known.claimed(CLAIMS)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="issuer"):
        service(tmp_path, oidc_issuer="").claimed(CLAIMS)
    with pytest.raises(ConfigurationError, match="OIDC_ROLES"):
        service(tmp_path, oidc_roles="boss=x").claimed(CLAIMS)
