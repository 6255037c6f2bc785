"""REST of the SQL explorer: what can be asked, the saved questions, and a statement."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from conductor_core.entrypoints.api.audit_forms import answer_form, question_form, table_form
from conductor_core.entrypoints.api.forms import Form
from conductor_core.entrypoints.api.identity import Reader, conductor_of
from conductor_core.entrypoints.api.models import Body
from conductor_core.entrypoints.api.problems import RESPONSES
from conductor_core.ports.audit_database import Limits
from conductor_core.wiring import Conductor

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], responses=RESPONSES)
Opened = Annotated[Conductor, Depends(conductor_of)]


class Values(Body):
    """Limits and the values of `$parameters`."""

    parameters: dict[str, int | float | str] = Field(default_factory=dict, description="Values by name.")
    seconds: float = Field(default=20.0, gt=0, le=120, description="Deadline, after which it is stopped.")
    rows: int = Field(default=10_000, ge=1, le=100_000, description="Most rows that are given.")

    @property
    def limits(self) -> Limits:
        """The limits as the service takes them."""
        return Limits(self.seconds, self.rows)


class Statement(Values):
    """A statement to ask."""

    sql: str = Field(max_length=100_000, description="One SELECT.", examples=["SELECT count(*) FROM changes"])


class ColumnOut(BaseModel):
    """One column of an answer."""

    name: str
    type: str = Field(description="Its SQL type.")


class AnswerOut(BaseModel):
    """The rows of one statement."""

    columns: list[ColumnOut]
    rows: list[list[Any]] = Field(description="Values in the order of the columns; times as RFC 3339.")
    capped: str = Field(description="The limit that cut the rows off: `rows` or `size`; empty: none did.")
    seconds: float
    position: dict[str, int] = Field(description="How far the read model was: `sequence`, `events`, `sealed`.")


@router.get("/schema", summary="Tables and columns")
def schema(_: Reader, conductor: Opened) -> Form:
    """With the meaning of each."""
    return {"tables": [table_form(table) for table in conductor.audit.tables()]}


@router.get("/questions", summary="The saved questions")
def questions(_: Reader, conductor: Opened) -> Form:
    """Those that can be read, and what is wrong with the others."""
    found, problems = conductor.audit.questions()
    return {"questions": [question_form(question) for question in found], "problems": list(problems)}


@router.post("/questions/{name}", response_model=AnswerOut, summary="Ask a saved question")
def ask(name: Annotated[str, Path(max_length=100)], body: Values, _: Reader, conductor: Opened) -> Form:
    """Its parameters have defaults."""
    return answer_form(conductor.audit.ask_question(name, body.parameters, body.limits))


@router.post("/sql", response_model=AnswerOut, summary="Ask in SQL")
def sql(body: Statement, _: Reader, conductor: Opened) -> Form:
    """The statement runs in a process that can read the record and do nothing else."""
    return answer_form(conductor.audit.ask(body.sql, body.limits, body.parameters))
