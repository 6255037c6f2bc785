"""A secret never comes out, its change does, and what merely names a secret stays readable."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain import masking
from conductor_core.domain.comparison import Pair, Side, compare, from_json, masker_for
from conductor_core.domain.manifests import Identity

KEY = b"k" * 32
SECRET = Identity("", "Secret", "shop", "db")
MAP = Identity("", "ConfigMap", "shop", "conf")
canaries = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=8, max_size=30).map(
    lambda t: f"canary-{t}-end"
)


def secret(data: dict[str, str], **more: Any) -> dict[str, Any]:
    encoded = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", **more}, "data": encoded}


def config(data: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": data}


def compared(pairs: dict[Identity, Pair]) -> Any:
    return compare(Side("a", "a"), Side("b", "b"), pairs, masker_for(KEY, pairs))


@given(canaries, canaries, st.sampled_from(["password", "x"]))
def test_no_output_ever_holds_a_secret(old: str, new: str, key: str) -> None:
    pairs = {
        SECRET: Pair(
            secret({key: old}, annotations={"kubectl.kubernetes.io/last-applied-configuration": old}),
            secret({key: new}),
        ),
        MAP: Pair(
            config({"url": f"pg://u:{old}@db/x", "copy": old}), config({"file": f"a: 1\npassword: {new}\n", "b": new})
        ),
    }
    text = json.dumps(compared(pairs).as_json(), ensure_ascii=False)
    for value in {old, new}:
        for form in (value, base64.b64encode(value.encode()).decode(), json.dumps(value, ensure_ascii=False)[1:-1]):
            assert form not in text


def test_a_changed_secret_is_said_and_an_equal_one_is_not() -> None:
    pair = Pair(secret({"a": "one-secret", "b": "same-secret"}), secret({"a": "two-secret", "b": "same-secret"}))
    (resource,) = compared({SECRET: pair}).resources
    assert [(f.op, f.pointer, f.old, f.new) for f in resource.fields] == [
        ("changed", "/data/a", "••••", "•••• (changed)")
    ]
    assert resource.new is not None
    assert resource.new["data"] == {"a": "•••• (changed)", "b": "••••"}


def test_two_secrets_that_swap_places_are_a_change() -> None:
    pair = Pair(secret({"a": "one-secret", "b": "two-secret"}), secret({"a": "two-secret", "b": "one-secret"}))
    (resource,) = compared({SECRET: pair}).resources
    assert [f.new for f in resource.fields] == ["•••• (changed)"] * 2


def test_fingerprints_change_with_a_secret_and_need_the_key() -> None:
    one, two = ({SECRET: Pair(secret({"a": v}), secret({"a": "x-secret"}))} for v in ("1", "2"))
    assert compared(one).resources[0].before != compared(two).resources[0].before
    assert compared(one).resources[0].before == compared(one).resources[0].before
    other = masking.Masker(b"o" * 32).fingerprint(one[SECRET].old)
    assert compared(one).resources[0].before != other


def test_evidence_is_the_same_bytes_and_reads_back() -> None:
    pairs = {
        MAP: Pair(config({"a": "1", "n": 0.5}), config({"a": "2", "n": 1.5})),
        SECRET: Pair(None, secret({"a": "x"})),
    }
    first = compared(pairs)
    again = compared(dict(reversed(pairs.items())))
    assert json.dumps(first.as_json()) == json.dumps(again.as_json())
    assert from_json(first.as_json()).as_json() == first.as_json()
    assert first.as_json()["counts"] == {"added": 1, "changed": 1, "removed": 0, "unchanged": 0}
    assert "0.5" in json.dumps(first.as_json()["resources"][0]["fields"])


SECRET_KEYS = (
    "password apiKeys dbPassword DB_PASSWORD apiKey api_key API-KEY clientSecret authToken tls.key DATABASE_URL"
)
NAMES_OF_SECRETS = "secretName existingSecret secretKeyRef passwordSecretRef tokenPath image key tokenTtl"


@pytest.mark.parametrize("key", SECRET_KEYS.split())
def test_keys_of_secrets(key: str) -> None:
    assert masking.looks_secret(key)


@pytest.mark.parametrize("key", NAMES_OF_SECRETS.split())
def test_keys_that_only_name_a_secret(key: str) -> None:
    assert not masking.looks_secret(key)


@pytest.mark.parametrize(
    "tree",
    [
        {"env": [{"name": "DB_PASSWORD", "value": "hunter2!"}]},
        {"args": ["--db-password", "hunter2!"]},
        {"args": ["--db-password=hunter2!"]},
        {"url": "https://user:hunter2!@host/x"},
        {"file": "[db]\npassword = hunter2!\n"},
        {"json": '{"dbPassword": "hunter2!", "a": 1}'},
        {"secrets": {"db": "hunter2!"}},
        {"tokens": ["hunter2!"]},
        {"key": "-----BEGIN RSA PRIVATE KEY-----\nhunter2!\n-----END RSA PRIVATE KEY-----\n"},
        {"auth": {"password": "hunter2!"}},
    ],
)
def test_literal_secrets_outside_a_secret_are_hidden(tree: dict[str, Any]) -> None:
    assert "hunter2!" not in json.dumps(masking.show(masking.Masker(KEY).hide({"kind": "Pod", "spec": tree})))
    assert "hunter2!" not in json.dumps(masking.show(masking.Masker(KEY).hide_values(tree)))


@pytest.mark.parametrize(
    "tree",
    [
        {"env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]},
        {"volumes": [{"name": "s", "secret": {"secretName": "db", "items": [{"key": "a", "path": "b"}]}}]},
        {"imagePullSecrets": [{"name": "registry"}]},
        {"automountServiceAccountToken": False},
        {"image": "ghcr.io/x/token-service:1.2@sha256:abc", "args": ["--token-file", "/var/run/token"]},
        {"rules": [{"resources": ["secrets"], "verbs": ["get"]}]},
    ],
)
def test_references_stay_readable(tree: dict[str, Any]) -> None:
    assert masking.Masker(KEY).hide({"spec": tree}) == {"spec": tree}


def test_secrets_of_values_are_listed_for_redaction() -> None:
    values = {"db": {"password": "hunter2!", "passwordSecretName": "db"}, "tokens": ["t-12345"], "image": {"tag": "1"}}
    assert masking.secrets_in_values(values) == {"hunter2!", "t-12345"}
