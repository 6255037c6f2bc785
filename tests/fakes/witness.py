"""A witness by tlog-witness: its rules in memory, and the same behind a real HTTP server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conductor_core.adapters.signing import ed25519
from conductor_core.domain import checkpoints, merkle, notes
from conductor_core.errors import ConductorError, RefusedError, UnreachableError
from conductor_core.ports.witness import BehindError


class Rules:
    """What a witness does with a request: status and body. `logs`: the keys of the logs that it knows, by origin."""

    def __init__(self, name: str, logs: Sequence[notes.VerifierKey], now: int = 1_764_000_000) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"w")[:32])
        self.key = notes.verifier_key(name, self._private.public_key().public_bytes_raw(), notes.COSIGNATURE_V1)
        self.logs = {key.name: key for key in logs}
        self.seen: dict[str, checkpoints.Checkpoint] = {}
        self.now = now
        self.lie = False

    def add(self, body: bytes) -> tuple[int, bytes]:
        """The answer to POST add-checkpoint."""
        head, _, note = body.partition(b"\n\n")
        first, *hashes = head.decode().split("\n")
        old = checkpoints.parse_decimal(first.removeprefix("old "), "old")
        origin = note.split(b"\n")[0].decode()
        if origin not in self.logs:
            return 404, b"unknown log\n"
        try:
            found = checkpoints.open_checkpoint(note, [self.logs[origin]], ed25519).checkpoint
        except ConductorError as bad:
            return 403, str(bad).encode()
        last = self.seen.get(origin, checkpoints.Checkpoint(origin, 0, merkle.EMPTY_ROOT))
        if old > found.size:
            return 400, b"old is beyond the checkpoint\n"
        if old != last.size or (old == found.size and last.root != found.root):
            return 409, f"{last.size}\n".encode()
        proof = [notes.base64_bytes(line, "a hash", merkle.HASH_SIZE) for line in hashes]
        try:
            if old:
                merkle.verify_consistency(old, found.size, last.root, found.root, proof)
            elif proof:
                return 422, b"a proof from nothing\n"
        except ConductorError as bad:
            return 422, str(bad).encode()
        self.seen[origin] = found
        text = note.partition(b"\n\n")[0] + b"\n"
        signature = self._private.sign(notes.cosigned_message(self.now, b"another\n" if self.lie else text))
        return 200, notes.Signature(
            self.key.name, self.key.key_id, self.now.to_bytes(8, "big") + signature
        ).encode().encode()


class FakeWitness:
    """`Witness` without a network; `away` does not answer."""

    def __init__(self, rules: Rules) -> None:
        self.rules, self.away = rules, False
        self.key = rules.key

    def add_checkpoint(self, old: int, proof: Sequence[bytes], note: bytes) -> bytes:
        if self.away:
            raise UnreachableError(f"The witness {self.key.name} did not answer.")
        head = "\n".join([f"old {old}", *map(notes.base64_text, proof), "", ""])
        status, text = self.rules.add(head.encode() + note)
        if status == 409:
            raise BehindError(self.key.name, int(text))
        if status != 200:
            raise RefusedError(f"The witness {self.key.name} does not cosign.", why=f"{status}: {text.decode()}")
        return text


class Kept:
    """`CosignedStore` in memory."""

    note: bytes | None = None

    def keep(self, note: bytes) -> None:
        self.note = note

    def kept(self) -> bytes | None:
        return self.note


@contextmanager
def serving(rules: Rules) -> Iterator[str]:
    """The same rules behind HTTP; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, text = rules.add(body) if self.path == "/w/add-checkpoint" else (404, b"")
            self.send_response(status)
            self.send_header("Content-Type", "text/x.tlog.size" if status == 409 else "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/w"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
