"""A small OpenID Connect provider on loopback: discovery, keys, a form without a password, codes, signed tokens."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "workbench", "only-a-test"


class OidcProvider:
    """Signs whoever is in `people` in; `people` maps a subject to further claims."""

    def __init__(self, people: Mapping[str, Mapping[str, object]]) -> None:
        self.people = dict(people)
        self.issuer = ""
        self.keys_asked = 0
        self.turn()

    def turn(self) -> None:
        """Replace the signing key, as providers do from time to time."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})

    def token(self, subject: str, *, seconds: float = 600, key: RSAKey | None = None, **claims: object) -> str:
        """A token for this person, valid for `seconds`; `claims` replace what it would say, None leaves one out."""
        now = int(time.time())
        said: dict[str, object] = {"iss": self.issuer, "sub": subject, "aud": CLIENT, "iat": now, "exp": now + seconds}
        said |= dict(self.people.get(subject, {})) | claims
        signer = key or self.key
        header = {"alg": "RS256", "kid": str((key or self.key).kid)}
        return jwt.encode(header, {k: v for k, v in said.items() if v is not None}, signer)

    def answer(self, path: str, body: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request."""
        parts = urlsplit(path)
        query = {k: v[0] for k, v in parse_qs(parts.query or body).items()}
        if parts.path == "/.well-known/openid-configuration":
            return _json(self._configuration())
        if parts.path == "/keys":
            self.keys_asked += 1
            return _json(KeySet([self.key]).as_dict(private=False))
        if parts.path == "/authorize":
            links = "".join(
                f'<p><a href="/enter?{urlencode(query | {"who": who})}">{who}</a></p>' for who in self.people
            )
            return 200, {"Content-Type": "text/html"}, f"<h1>Who are you?</h1>{links}".encode()
        if parts.path == "/enter":
            code = json.dumps({"who": query["who"], "nonce": query.get("nonce")})
            where = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
            return 302, {"Location": where}, b""
        if parts.path == "/token":
            asked = json.loads(parse_qs(body)["code"][0])
            token = self.token(asked["who"], nonce=asked["nonce"])
            return _json({"access_token": "unused", "token_type": "Bearer", "expires_in": 600, "id_token": token})
        return 404, {}, b""

    def _configuration(self) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }


def _json(value: Mapping[str, object]) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def serving(provider: OidcProvider) -> Iterator[OidcProvider]:
    """The provider on a free port of loopback; its `issuer` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            status, headers, body = provider.answer(self.path, self.rfile.read(size).decode())
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()
