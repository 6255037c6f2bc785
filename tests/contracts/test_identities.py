"""The contract of `ports.identities.Identities`, on the fake and on OIDC against a provider on loopback."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import pytest
from joserfc.jwk import RSAKey

from conductor_core.adapters.oidc import AGAIN_SECONDS, OidcIdentities
from conductor_core.adapters.web import HttpxWeb
from conductor_core.errors import AccessDeniedError, ConfigurationError, UnreachableError
from conductor_core.ports.identities import Identities
from tests.fakes.identities import FakeIdentities
from tests.fakes.oidc_provider import CLIENT, OidcProvider, serving


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with serving(OidcProvider({"alice": {"name": "Alice", "groups": ["sre"]}})) as found:
        yield found


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def oidc(provider: OidcProvider, clock: list[float]) -> OidcIdentities:
    return OidcIdentities(HttpxWeb(), provider.issuer, CLIENT, time.time, lambda: clock[0])


@pytest.fixture(params=["fake", "oidc"])
def identities(request: pytest.FixtureRequest, provider: OidcProvider, oidc: OidcIdentities) -> tuple[Identities, str]:
    token = provider.token("alice")
    if request.param == "oidc":
        return oidc, token
    return FakeIdentities({token: {"iss": provider.issuer, "sub": "alice", "name": "Alice", "groups": ["sre"]}}), token


def test_a_good_token_says_who_it_is(identities: tuple[Identities, str], provider: OidcProvider) -> None:
    port, token = identities
    found = port.claims(token)
    assert (found["iss"], found["sub"], found["name"], found["groups"]) == (provider.issuer, "alice", "Alice", ["sre"])


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "ü.ü.ü", "a" * 20_000, "..", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_refused_and_not_shown(identities: tuple[Identities, str], token: str) -> None:
    with pytest.raises(AccessDeniedError) as bad:
        identities[0].claims(token)
    assert len(token) < 3 or token not in str(bad.value.diagnostics())


def forged(provider: OidcProvider) -> dict[str, str]:
    now = int(time.time())
    said = {"iss": provider.issuer, "sub": "alice", "aud": CLIENT, "iat": now, "exp": now + 600}
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, said)]
    mac = hmac.digest(provider.key.as_pem(private=False), b".".join(parts), "sha256")
    confused = b".".join([*parts, urlsafe_b64encode(mac).rstrip(b"=")]).decode()
    stranger = RSAKey.generate_key(2048, {"kid": str(provider.key.kid)})
    return {
        "expired": provider.token("alice", seconds=-60),
        "not yet valid": provider.token("alice", nbf=now + 600),
        "without an end": provider.token("alice", exp=None),
        "for somebody else": provider.token("alice", aud="another"),
        "for nobody": provider.token("alice", aud=None),
        "from another issuer": provider.token("alice", iss="https://elsewhere.example"),
        "without an issuer": provider.token("alice", iss=None),
        "without a subject": provider.token("alice", sub=None),
        "signed by a stranger": provider.token("alice", key=stranger),
        "signed with the public key as a shared secret": confused,
    }


@pytest.mark.parametrize("index", range(10))
def test_forged_tokens_are_refused(oidc: OidcIdentities, provider: OidcProvider, index: int) -> None:
    assert oidc.claims(provider.token("alice"))["sub"] == "alice"
    name, token = list(forged(provider).items())[index]
    with pytest.raises(AccessDeniedError):
        oidc.claims(token)
    assert name


def test_a_new_key_is_found_and_strangers_do_not_make_us_ask(
    oidc: OidcIdentities, provider: OidcProvider, clock: list[float]
) -> None:
    oidc.claims(provider.token("alice"))
    provider.turn()
    asked, token = provider.keys_asked, provider.token("alice")
    for _ in range(5):
        with pytest.raises(AccessDeniedError):
            oidc.claims(token)
    assert provider.keys_asked == asked
    clock[0] += AGAIN_SECONDS + 1
    assert oidc.claims(token)["sub"] == "alice"
    assert provider.keys_asked == asked + 1


def test_a_provider_that_is_not_there(provider: OidcProvider) -> None:
    token = provider.token("alice")
    gone = OidcIdentities(HttpxWeb(), "http://127.0.0.1:9", CLIENT, time.time, time.monotonic)
    with pytest.raises(UnreachableError):
        gone.claims(token)
    wrong = OidcIdentities(HttpxWeb(), provider.issuer + "/realm", CLIENT, time.time, time.monotonic)
    with pytest.raises(UnreachableError, match="no usable answer"):
        wrong.claims(token)
    with pytest.raises(ConfigurationError):
        OidcIdentities(HttpxWeb(), "", "", time.time, time.monotonic).claims(token)
