"""One authority, one certificate for loopback, tokens by identity, all made once."""

from __future__ import annotations

import csv
import socket
import ssl
import threading
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from conductor_core.localplane import certificates
from conductor_core.localplane import layout as layouts
from conductor_core.localplane.layout import Layout
from conductor_core.settings import Settings


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = layouts.of(Settings(home=tmp_path))
    made.make()
    certificates.ensure(made)
    return made


def contents(layout: Layout) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in layout.pki.iterdir()}


def test_made_once(layout: Layout) -> None:
    before = contents(layout)
    certificates.ensure(layout)
    assert contents(layout) == before


def test_a_lost_certificate_is_made_anew_and_tokens_stay(layout: Layout) -> None:
    before = contents(layout)
    (layout.pki / "local.crt").unlink()
    certificates.ensure(layout)
    after = contents(layout)
    assert after["local.crt"] != before["local.crt"]
    assert after["tokens.csv"] == before["tokens.csv"]
    assert after["sa.key"] == before["sa.key"]


def test_an_expiring_certificate_is_renewed(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "DAYS", 10)
    (layout.pki / "local.crt").unlink()
    certificates.ensure(layout)
    short = x509.load_pem_x509_certificate((layout.pki / "local.crt").read_bytes()).not_valid_after_utc
    monkeypatch.undo()
    certificates.ensure(layout)
    assert x509.load_pem_x509_certificate((layout.pki / "local.crt").read_bytes()).not_valid_after_utc > short


def test_tls_works_on_loopback_and_both_sides_are_checked(layout: Layout) -> None:
    pki = layout.pki
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki / "ca.crt"))
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(pki / "local.crt", pki / "local.key")
    client = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    client.load_cert_chain(pki / "local.crt", pki / "local.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            raw, _ = listening.accept()
            with raw, server.wrap_socket(raw, server_side=True) as talk:
                talk.sendall(b"hello")

        thread = threading.Thread(target=serve)
        thread.start()
        with (
            socket.create_connection(listening.getsockname()) as raw,
            client.wrap_socket(raw, server_hostname="127.0.0.1") as talk,
        ):
            assert talk.recv(5) == b"hello"
        thread.join()


def test_kubeconfigs_name_context_server_and_each_identity(layout: Layout) -> None:
    certificates.write_kubeconfigs(layout, 6443)
    tokens = set()
    for name in certificates.IDENTITIES:
        path = layout.kubeconfig(name)
        assert path.stat().st_mode & 0o777 == 0o600
        body = yaml.safe_load(path.read_text())
        assert body["current-context"] == "conductor-local"
        assert body["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
        tokens.add(body["users"][0]["user"]["token"])
    assert len(tokens) == len(certificates.IDENTITIES)
    assert yaml.safe_load(layout.kubeconfig("argocd").read_text())["contexts"][0]["context"]["namespace"] == "argocd"


def test_only_who_must_is_a_master(layout: Layout) -> None:
    with (layout.pki / "tokens.csv").open(newline="") as file:
        groups = {row[2]: row[3] for row in csv.reader(file)}
    assert "system:masters" not in groups["simulator"] + groups["kube-scheduler"]
