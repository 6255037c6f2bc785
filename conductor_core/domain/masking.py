"""Secrets in manifests and values are replaced before anything is compared, shown or stored (security, rule 19).

A secret becomes a mark that holds an HMAC of it: equal secrets give equal marks, so a change is seen and the secret
is not. `show` turns marks into `••••`. HMAC and not a plain digest, because a short secret can be found from its
digest by trying (RFC 2104).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conductor_core.domain.difference import canonical

MASK = "••••"
CHANGED = f"{MASK} (changed)"

_MARK = re.compile("\ue000([0-9a-f]{24})\ue001")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset(
    """
    password passwords passwd passphrase pwd secret secrets token tokens apikey apitoken credential
    credentials privatekey accesskey secretkey dsn htpasswd kubeconfig bearer webhookurl
    """.split()  # noqa: SIM905  # a list of words reads better as text
)
_SECRET_PAIRS = frozenset(
    tuple(pair.split())
    for pair in [
        "api key",
        "private key",
        "access key",
        "signing key",
        "encryption key",
        "master key",
        "tls key",
        "ssh key",
        "connection string",
        "database url",
        "db url",
        "webhook url",
    ]
)
_REFERENCE_WORDS = frozenset(
    """
    name names ref refs path paths file files enabled create mount mounts volume volumes class type
    version id ids length ttl seconds minutes hours days timeout count size limit port provider store
    namespace annotations labels header audience issuer policy mode format kind rotation interval
    optional prefix review reviews
    """.split()  # noqa: SIM905  # a list of words reads better as text
)
_INNER_REFERENCES = frozenset(
    {"name", "key", "keys", "path", "namespace", "kind", "apiVersion", "items", "mode", "type"}
)
_INLINE = re.compile(
    r"(?i)((?:password|passwd|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key)(?:[-_.]?(?:key|value))?"
    r"[\"']?[ \t]*[:=][ \t]*)(\"[^\"\n]+\"|'[^'\n]+'|[^\s\"',;&}]+)"
)
_IN_ADDRESS = re.compile(r"(://[^/\s:@]*:)([^@\s/]+)(?=@)")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_LEAST_LENGTH = 6
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def looks_secret(key: str) -> bool:
    """Whether a value under `key` is taken for a secret, and not for the name of one (`password` is,
    `passwordSecretName` isn't).
    """
    words = [w.lower() for w in _WORDS.findall(key)]
    if not words or words[-1] in _REFERENCE_WORDS or words[0] == "existing":
        return False
    pairs = ((a, b.removesuffix("s")) for a, b in itertools.pairwise(words))
    return any(w in _SECRET_WORDS for w in words) or any(p in _SECRET_PAIRS for p in pairs)


class Masker:
    """Hides secrets of one comparison. `key`: at least 16 random bytes that this installation keeps; `known`: secrets
    that are hidden wherever they appear, also inside longer texts (see `secrets_in`), from `least` characters on.
    """

    def __init__(self, key: bytes, known: Iterable[str] = (), *, least: int = _LEAST_LENGTH) -> None:
        self._key, self._texts, self._least = key, frozenset(known), least
        found = sorted({k for k in self._texts if len(k) >= least}, key=lambda k: (-len(k), k))
        self._known = re.compile("|".join(map(re.escape, found))) if found else None

    def knowing(self, more: Iterable[str]) -> Masker:
        """A masker that hides these texts too."""
        return Masker(self._key, self._texts | frozenset(more), least=self._least)

    def fingerprint(self, value: object) -> str:
        """`hmac-sha256:` and 64 hex digits that bind a value without giving it away; equal values give equal text."""
        text = canonical(value).encode("utf-8", "surrogatepass")
        return f"hmac-sha256:{hmac.digest(self._key, text, 'sha256').hex()}"

    def hide(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of a manifest with marks in place of secrets: all data of a Secret, and whatever looks like one
        elsewhere.
        """
        out = {k: self._walk(v, str(k), False) for k, v in manifest.items()}
        if manifest.get("kind") == "Secret":
            for field in ("data", "stringData"):
                if isinstance(manifest.get(field), Mapping):
                    out[field] = {str(k): self._mark(v) for k, v in manifest[field].items()}
        annotations = (out.get("metadata") or {}).get("annotations") if isinstance(out.get("metadata"), dict) else None
        if isinstance(annotations, dict) and _LAST_APPLIED in annotations:
            annotations[_LAST_APPLIED] = self._mark(manifest["metadata"]["annotations"][_LAST_APPLIED])
        return out

    def hide_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of chart values with marks in place of what looks secret."""
        return {str(k): self._walk(v, str(k), False) for k, v in values.items()}

    def mark(self, value: object) -> Any:
        """The mark of a value that somebody else says is secret; nothing to hide (null, a truth, '') stays."""
        return self._mark(value)

    def _mark(self, value: object) -> Any:
        if value is None or isinstance(value, bool) or value == "":
            return value
        return f"\ue000{self.fingerprint(value)[12:36]}\ue001"

    def _walk(self, value: Any, key: str, secret: bool) -> Any:
        secret = looks_secret(key) or (secret and key not in _INNER_REFERENCES and not _is_reference(key))
        if isinstance(value, Mapping):
            out = {str(k): self._walk(v, str(k), secret) for k, v in value.items()}
            if isinstance(value.get("name"), str) and looks_secret(value["name"]) and "value" in value:
                out["value"] = self._mark(value["value"])
            return out
        if isinstance(value, list):
            return [
                self._mark(item)
                if at and _is_flag(value[at - 1]) and isinstance(item, str)
                else self._walk(item, key, secret)
                for at, item in enumerate(value)
            ]
        if secret:
            return self._mark(value)
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text with marks in place of private keys, passwords in addresses, `token=...`, and known secrets."""
        if "PRIVATE KEY-----" in text:
            text = _PEM.sub(lambda m: self._mark(m[0]), text)
        if "=" in text or ":" in text:
            text = _INLINE.sub(lambda m: m[1] + self._mark(m[2]), text)
            text = _IN_ADDRESS.sub(lambda m: m[1] + self._mark(m[2]), text)
        return self._known.sub(lambda m: self._mark(m[0]), text) if self._known else text


def secrets_in(manifests: Iterable[Mapping[str, Any]]) -> set[str]:
    """Every text that the Secrets among `manifests` hold, as written, decoded, encoded, and line by line when long."""
    out: set[str] = set()
    for manifest in manifests:
        if manifest.get("kind") != "Secret":
            continue
        for value in _texts(manifest.get("stringData")):
            out |= {value, base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()}
        for value in _texts(manifest.get("data")):
            out.add(value)
            try:
                out.add(base64.b64decode(value, validate=True).decode("utf-8"))
            except (binascii.Error, UnicodeDecodeError, ValueError):
                continue
    return out | {
        line.strip() for value in out if "\n" in value for line in value.splitlines() if len(line.strip()) >= 16
    }


def secrets_in_values(values: object, key: str = "", secret: bool = False) -> set[str]:
    """The texts among chart values whose key looks secret: what no message may repeat."""
    secret = looks_secret(key) or (secret and key not in _INNER_REFERENCES and not _is_reference(key))
    if isinstance(values, Mapping):
        return set().union(*(secrets_in_values(v, str(k), secret) for k, v in values.items()))
    if isinstance(values, list):
        return set().union(*(secrets_in_values(v, key, secret) for v in values))
    return {str(values)} if secret and isinstance(values, str | int) and not isinstance(values, bool) else set()


def is_mark(value: object) -> bool:
    """Whether a value of a hidden tree is one mark and nothing else."""
    return isinstance(value, str) and _MARK.fullmatch(value) is not None


def marks_in(value: object) -> set[str]:
    """The marks in a hidden tree."""
    return set(_MARK.findall(canonical(value)))


def show(value: Any, known: set[str] | None = None) -> Any:
    """A hidden tree for a person: `••••`, or `•••• (changed)` for a mark that isn't among `known`, when `known` is
    given.
    """
    if isinstance(value, str):
        return (
            _MARK.sub(lambda m: MASK if known is None or m[1] in known else CHANGED, value)
            if "\ue000" in value
            else value
        )
    if isinstance(value, Mapping):
        return {k: show(v, known) for k, v in value.items()}
    if isinstance(value, list):
        return [show(v, known) for v in value]
    return value


def _texts(data: object) -> Iterator[str]:
    if isinstance(data, Mapping):
        yield from (str(v) for v in data.values() if v is not None)


def _is_reference(key: str) -> bool:
    words = [w.lower() for w in _WORDS.findall(key)]
    return bool(words) and (words[-1] in _REFERENCE_WORDS or words[0] == "existing")


def _is_flag(item: object) -> bool:
    return isinstance(item, str) and item.startswith("-") and "=" not in item and looks_secret(item.lstrip("-"))
