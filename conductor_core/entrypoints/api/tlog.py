"""The log as static files (C2SP tlog-tiles): whoever may read the record may mirror, monitor and check it.

Tiles never change and may be kept for ever; the checkpoint is asked for anew. What lies beyond the published checkpoint
is not served, since it may still become something else.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from conductor_core.domain.tiles import CHECKPOINT
from conductor_core.entrypoints.api.changes import Opened
from conductor_core.entrypoints.api.identity import Reader
from conductor_core.entrypoints.api.problems import RESPONSES
from conductor_core.errors import NotFoundError

router = APIRouter(prefix="/tlog", tags=["ledger"], responses=RESPONSES)
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Disposition": "attachment"}
ANEW = {"Cache-Control": "no-cache"}
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"


@router.get("/checkpoint", response_class=Response, summary="The signed checkpoint")
def checkpoint(_: Reader, conductor: Opened) -> Response:
    """Origin, size and root, as a signed note."""
    return Response(conductor.ledger_reader.resource(CHECKPOINT), media_type=_TEXT, headers=ANEW)


@router.get("/checkpoint.cosigned", response_class=Response, summary="The last checkpoint that witnesses cosigned")
def cosigned(_: Reader, conductor: Opened) -> Response:
    """A signed note with the log's signature and those of its witnesses; it may be older than the checkpoint."""
    found = conductor.ledger_reader.cosigned()
    if found is None:
        raise NotFoundError("No witness has cosigned this log yet.", next="Ask for /tlog/checkpoint.")
    return Response(found.note.encode(), media_type=_TEXT, headers=ANEW)


@router.get("/vkey", response_class=Response, summary="The public keys of the log")
def vkey(_: Reader, conductor: Opened) -> Response:
    """One vkey a line, the present one first. Compare it with the one that the operator publishes elsewhere."""
    lines = "".join(f"{key}\n" for key in conductor.ledger_reader.vkeys())
    return Response(lines, media_type=_TEXT, headers=ANEW)


@router.get("/tile/{path:path}", response_class=Response, summary="A tile or an entry bundle")
def tile(path: str, _: Reader, conductor: Opened) -> Response:
    """`<level>/<index>[.p/<width>]`, or `entries/<index>[.p/<width>]`."""
    data = conductor.ledger_reader.resource(f"tile/{path}")
    return Response(data, media_type=_BYTES, headers=FOR_EVER)


@router.get("/proof/{index}", response_class=Response, summary="The proof of one entry")
def proof(index: int, _: Reader, conductor: Opened) -> Response:
    """A `.tlog-proof` file under the present checkpoint."""
    headers = ANEW | {"Content-Disposition": f'attachment; filename="{index}.tlog-proof"'}
    return Response(conductor.ledger_reader.prove(index).encode(), media_type=_TEXT, headers=headers)
