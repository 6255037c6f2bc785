"""REST of smoke suites and of the doctor; a suite is run as a Change of the runbook smoke_release."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from conductor_core.domain.doctor import well
from conductor_core.entrypoints.api.changes import Opened
from conductor_core.entrypoints.api.forms import Form
from conductor_core.entrypoints.api.identity import Reader
from conductor_core.entrypoints.api.problems import RESPONSES

router = APIRouter(prefix="/api/v1", tags=["smoke"], responses=RESPONSES)


@router.get("/smoke/suites", summary="Every smoke suite, and files that are none")
def suites(_: Reader, conductor: Opened) -> Form:
    """Declared in runbooks/smoke/."""
    found = conductor.smoke.suites()
    return {
        "suites": [
            {"name": s.name, "title": s.title, "purpose": s.purpose, "release": s.release, "digest": s.digest}
            for s in found.suites.values()
        ],
        "broken": [{"file": b.file, "problem": b.problem} for b in found.broken],
    }


@router.get("/smoke/runs", summary="Past runs, newest first")
def runs(
    _: Reader,
    conductor: Opened,
    suite: Annotated[str, Query(max_length=100)] = "",
    release: Annotated[str, Query(max_length=200)] = "",
    channel: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Form:
    """What each measured, and which thresholds it did not keep."""
    found = conductor.smoke.runs(suite=suite, release=release, channel=channel, limit=limit)
    return {"runs": [run.as_json() for run in found]}


@router.get("/doctor", tags=["health"], summary="Tools, contexts, logins and settings, each miss with its act")
def doctor(_: Reader, conductor: Opened) -> Form:
    """Takes some seconds: every program and connection is asked."""
    found = conductor.doctor.look()
    return {"well": well(found), "symptoms": [s.as_json() for s in found]}


@router.get("/releases/{release}/compatibility", tags=["releases"], summary="Do the places that state a version agree")
def compatibility(release: str, _: Reader, conductor: Opened, channel: Annotated[str, Query(max_length=200)]) -> Form:
    """appVersion of the chart, tag of the values, labels of the workloads, and the API itself."""
    return conductor.compatibility.of(release, channel).as_json()
