"""Certificates, keys, tokens and kubeconfigs of the local control plane, made once a home and renewed in time.

One authority signs a certificate for 127.0.0.1 that API server and etcd share; components sign in by token. Rule:
`infra/local/README.md`.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import ipaddress
import secrets
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conductor_core.localplane.layout import CONTEXT, Layout, write_private

DAYS = 3650
IDENTITIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("conductor-local-admin", ("system:masters",)),
    "kube-controller-manager": ("system:kube-controller-manager", ("system:masters",)),
    "kube-scheduler": ("system:kube-scheduler", ()),
    "kwok": ("conductor:kwok", ("system:masters",)),
    "argocd": ("conductor:argocd", ("system:masters",)),
    "rollouts": ("conductor:rollouts", ("system:masters",)),
    "planner": ("conductor:planner", ("conductor:planners",)),
    "simulator": ("conductor:simulator", ("conductor:simulators",)),
}


def ensure(layout: Layout) -> None:
    """Make what is missing: `ca.crt`, `local.crt`/`.key`, `sa.key`/`.pub`, `tokens.csv`, `redis-password`."""
    pki = layout.pki
    _tokens(pki / "tokens.csv")
    wanted = [pki / n for n in ("ca.crt", "local.crt", "local.key", "sa.key", "sa.pub", "redis-password")]
    if all(p.is_file() for p in wanted) and not _expires_soon(pki / "local.crt"):
        return
    _certificates(pki)
    if not (pki / "sa.key").is_file():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        write_private(pki / "sa.pub", _public(key))
        write_private(pki / "sa.key", _private(key))
    if not (pki / "redis-password").is_file():
        write_private(pki / "redis-password", secrets.token_urlsafe(24))


def write_kubeconfigs(layout: Layout, port: int) -> None:
    """One kubeconfig an identity for the API server on `port`; the namespace of Argo CD's is `argocd`."""
    authority = (layout.pki / "ca.crt").read_text(encoding="utf-8")
    with (layout.pki / "tokens.csv").open(encoding="utf-8", newline="") as file:
        tokens = {row[2]: row[0] for row in csv.reader(file)}
    for name in IDENTITIES:
        namespace = {"argocd": "argocd"}.get(name, "default")
        body = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "clusters": [
                {
                    "name": CONTEXT,
                    "cluster": {
                        "server": f"https://127.0.0.1:{port}",
                        "certificate-authority-data": _base64(authority),
                    },
                }
            ],
            "users": [{"name": name, "user": {"token": tokens[name]}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": name, "namespace": namespace}}],
        }
        write_private(layout.kubeconfig(name), yaml.safe_dump(body, sort_keys=False))


def _tokens(file: Path) -> None:
    """A token for each identity; the ones that are there stay, so that a home gets what a newer version adds."""
    kept = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8")))) if file.is_file() else []
    known = {row[2] for row in kept}
    more = [
        [secrets.token_urlsafe(32), user, name, ",".join(groups)]
        for name, (user, groups) in IDENTITIES.items()
        if name not in known
    ]
    if more:
        out = io.StringIO()
        csv.writer(out).writerows([*kept, *more])
        write_private(file, out.getvalue())


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _expires_soon(path: Path) -> bool:
    try:
        end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return True
    return end < dt.datetime.now(dt.UTC) + dt.timedelta(days=30)


def _certificates(pki: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "maestro-conductor local authority")])
    authority = (
        _builder(ca_name, ca_name, ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    names += [x509.DNSName(n) for n in ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")]
    served = (
        _builder(name, ca_name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_private(pki / "local.key", _private(key))
    write_private(pki / "local.crt", served.public_bytes(serialization.Encoding.PEM).decode())
    write_private(pki / "ca.crt", authority.public_bytes(serialization.Encoding.PEM).decode())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not sign,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _public(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
