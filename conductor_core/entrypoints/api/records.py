"""REST of what a Change leaves behind: its events (JSON or a stream), its evidence, its executed notebook.

Streams are Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html): `id` is the cursor,
so a reader that reconnects with Last-Event-ID goes on where it was.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Header, Path, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse

from conductor_core.entrypoints.api import models as m
from conductor_core.entrypoints.api.changes import ChangeId, Opened
from conductor_core.entrypoints.api.feed import PERIOD, Feed
from conductor_core.entrypoints.api.forms import workbench
from conductor_core.entrypoints.api.identity import Reader
from conductor_core.entrypoints.api.problems import RESPONSES
from conductor_core.errors import ConductorError, TransientError

router = APIRouter(prefix="/api/v1/changes", tags=["changes"], responses=RESPONSES)
STREAMS = 100
"""How many streams are served at once."""
HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps the connection open."""
_open: set[Feed] = set()


@router.get("/{change_id}/events", response_model=m.EventsOut, summary="Events of a Change, read or followed")
async def events(
    change_id: ChangeId,
    _: Reader,
    conductor: Opened,
    after: Annotated[str, Query(max_length=40, description="The cursor of the last answer.")] = "",
    accept: Annotated[str, Header(description="`text/event-stream` follows until the Change ends.")] = "",
    last_event_id: Annotated[str, Header(max_length=40)] = "",
) -> Response:
    """Facts, lines of the run and operations, oldest first."""
    feed = await run_in_threadpool(Feed, conductor, change_id, last_event_id or after)
    fresh = await run_in_threadpool(feed.news)
    if "text/event-stream" not in accept:
        return JSONResponse({"events": fresh, "cursor": feed.cursor, "state": feed.state.value})
    if last_event_id and feed.resting and all(item["kind"] == "operation" for item in fresh):
        return Response(status_code=204)  # tells an EventSource that it need not come back
    if len(_open) >= STREAMS:
        raise TransientError(
            "Too many streams are open.", why=f"At most {STREAMS} are served at once.", next="Try again shortly."
        )
    return StreamingResponse(_stream(feed, fresh), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _stream(feed: Feed, fresh: list[dict[str, object]]) -> AsyncIterator[str]:
    _open.add(feed)
    try:
        yield "retry: 1000\n\n"
        said = time.monotonic()
        while fresh or not feed.resting:
            for item in fresh:
                yield f"id: {item['cursor']}\nevent: {item['kind']}\ndata: {json.dumps(item, default=str)}\n\n"
                said = time.monotonic()
            if time.monotonic() - said > HEARTBEAT:
                yield ": still here\n\n"
                said = time.monotonic()
            await anyio.sleep(PERIOD)
            fresh = await run_in_threadpool(feed.news)
        yield f"id: {feed.cursor}\nevent: end\ndata: {json.dumps({'state': feed.state.value})}\n\n"
    except ConductorError as bad:
        yield f"event: error\ndata: {json.dumps({'error': bad.diagnostics().as_dict()})}\n\n"
    finally:
        _open.discard(feed)


@router.get(
    "/{change_id}/evidence/{name}",
    response_model=None,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The bytes, as they were planned."}},
    summary="One piece of evidence",
)
def evidence(
    change_id: ChangeId,
    name: Annotated[str, Path(max_length=200, description="Its name, such as manifests.yaml.")],
    _: Reader,
    conductor: Opened,
) -> Response:
    """Streamed; the digest is checked while it is read, and an answer with wrong bytes never completes."""
    change = conductor.changes.get(change_id)
    chunks = conductor.evidence.stream(change, name)
    first = next(chunks, b"")  # an error of the first read is still an answer
    piece = change.plan.find(name) if change.plan else None
    headers = {
        "Content-Disposition": f'attachment; filename="{re.sub(r"[^A-Za-z0-9._-]", "_", name)}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if piece:
        headers |= {"Content-Length": str(piece.size), "Digest-Of-Evidence": piece.digest}
    whole: Iterator[Any] = chain((first,), chunks)
    return StreamingResponse(whole, media_type=piece.media_type if piece else None, headers=headers)


@router.get(
    "/{change_id}/notebook",
    response_model=None,
    responses={200: {"content": {"text/html": {}}, "description": "One page without scripts."}},
    summary="The executed notebook as a page",
)
def notebook(change_id: ChangeId, _: Reader, conductor: Opened) -> HTMLResponse:
    """Without scripts, and sandboxed: whatever a cell printed can't act."""
    page = conductor.notebooks.page(conductor.evidence.notebook(conductor.changes.get(change_id)))
    policy = (
        "sandbox; default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; "
        f"frame-ancestors 'self' {workbench(conductor.settings)}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "SAMEORIGIN",
        "Cross-Origin-Resource-Policy": "same-site",
    }
    return HTMLResponse(page, headers=headers)
