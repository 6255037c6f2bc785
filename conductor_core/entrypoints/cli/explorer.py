"""The commands of the SQL explorer, which `conductor audit` takes in: sql, ask, questions, schema, rebuild."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conductor_core.domain.audit_model import shown
from conductor_core.entrypoints.api.audit_forms import answer_form, position_form, question_form, table_form
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import Json, console, entered, print_json
from conductor_core.errors import InputError, StorageError
from conductor_core.ports.audit_database import Limits

if TYPE_CHECKING:
    from conductor_core.ports.audit_database import Answer, Position
    from conductor_core.services.audit import AuditService

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]
Parquet = Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="Write Parquet to a file.")]
Seconds = Annotated[float, typer.Option("--seconds", metavar="N", min=0.1, max=120, help="Deadline.")]
Rows = Annotated[int, typer.Option("--rows", metavar="N", min=1, max=100_000, help="Most rows.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A $parameter; may be repeated.")]
Stale = Annotated[bool, typer.Option("--stale", help="Ask what is published; don't look for new events first.")]
WIDEST = 60
"""Characters of a cell in a terminal."""


def add_to(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command("sql", epilog="Example: conductor audit sql 'SELECT state, count(*) FROM changes GROUP BY state'")(sql)
    app.command("ask", epilog="Example: conductor audit ask lead_time --set days=90")(ask)
    app.command("questions", epilog="Example: conductor audit questions")(questions)
    app.command("schema", epilog="Example: conductor audit schema changes")(schema)
    app.command("rebuild", epilog="Example: conductor audit rebuild")(rebuild)


def sql(
    ctx: typer.Context,
    statement: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; - reads it from stdin.")],
    given: Set = None,
    seconds: Seconds = 20.0,
    rows: Rows = 10_000,
    stale: Stale = False,
    as_csv: Csv = False,
    parquet: Parquet = None,
    as_json: Json = False,
) -> None:
    """Ask the record in SQL.

    The statement runs in a process that can read the record and do nothing else.
    """
    audit = entered(ctx).conductor.audit
    text = sys.stdin.read() if statement == "-" else statement
    note = "" if stale else audit.catch_up()
    answer = audit.ask(text, Limits(seconds, rows), _pairs(given or []))
    _give(audit, answer, note, as_csv=as_csv, parquet=parquet, as_json=as_json)


def ask(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a saved question.")],
    given: Set = None,
    seconds: Seconds = 20.0,
    rows: Rows = 10_000,
    stale: Stale = False,
    as_csv: Csv = False,
    parquet: Parquet = None,
    as_json: Json = False,
) -> None:
    """Ask a saved question."""
    audit = entered(ctx).conductor.audit
    question = audit.question(name)
    note = "" if stale else audit.catch_up()
    answer = audit.ask_question(name, _pairs(given or []), Limits(seconds, rows))
    if not (as_csv or as_json or parquet):
        console().print(question.question, style="bold")
    _give(audit, answer, note, as_csv=as_csv, parquet=parquet, as_json=as_json)


def questions(ctx: typer.Context, as_json: Json = False) -> None:
    """List the saved questions."""
    found, problems = entered(ctx).conductor.audit.questions()
    if as_json:
        print_json({"questions": [question_form(q) for q in found], "problems": list(problems)})
        return
    rows = [(q.name, q.question, ", ".join(f"{p.name}={p.default}" for p in q.parameters)) for q in found]
    console().print(table(("NAME", "QUESTION", "PARAMETERS"), rows))
    for problem in problems:
        console(sys.stderr).print(f"left out: {problem}")


def schema(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[TABLE]", help="One table; without it, all of them.")] = "",
    as_json: Json = False,
) -> None:
    """List tables and columns with their meaning."""
    tables = entered(ctx).conductor.audit.tables()
    chosen = [t for t in tables if name in ("", t.name)]
    if not chosen:
        raise InputError(
            f"There is no table {name!r}.", why=f"There are: {', '.join(t.name for t in tables)}.", next="Name one."
        )
    if as_json:
        print_json({"tables": [table_form(t) for t in chosen]})
    elif name:
        console().print(chosen[0].help)
        console().print(table(("COLUMN", "TYPE", "MEANING"), [(c.name, c.type, c.help) for c in shown(chosen[0])]))
    else:
        rows = [(t.name, t.help, ", ".join(c.name for c in shown(t))) for t in chosen]
        console().print(table(("TABLE", "MEANING", "COLUMNS"), rows))


def rebuild(ctx: typer.Context, as_json: Json = False) -> None:
    """Build the read model anew from the record; the old one can be asked until the new one is there."""

    def say(at: Position) -> None:
        sys.stderr.write(f"\r{at.events:,} events")
        sys.stderr.flush()

    done = entered(ctx).conductor.audit.rebuild(say)
    sys.stderr.write("\n")
    if as_json:
        print_json(position_form(done))
    else:
        typer.echo(f"{done.events:,} events can be asked.")


def _give(audit: AuditService, answer: Answer, note: str, *, as_csv: bool, parquet: Path | None, as_json: bool) -> None:
    if parquet is not None:
        _save(parquet, audit.parquet(answer))
    if as_json:
        print_json(answer_form(answer) | {"note": note})
    elif as_csv:
        sys.stdout.write(audit.csv(answer).decode("utf-8"))
    elif parquet is None:
        rows = [[_short(cell) for cell in row] for row in answer_form(answer)["rows"]]  # type: ignore[attr-defined]  # a list of lists
        console().print(table(answer.columns, rows))
    err = console(sys.stderr)
    if not as_json:
        err.print(
            f"{len(answer.rows):,} rows in {answer.seconds:.2f} s; {answer.position.events:,} events", style="dim"
        )
    if answer.capped:
        err.print(f"cut off at the limit of {answer.capped}; ask for less, or raise --rows", style="yellow")
    if note:
        err.print(f"it may be behind: {note}", style="yellow")


def _save(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as bad:
        raise StorageError(f"{path} can't be written.", why=str(bad), next="Name another file.") from bad


def _short(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _pairs(given: list[str]) -> dict[str, object]:
    out: dict[str, object] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"{text[:80]!r} can't be read.", why="--set takes NAME=VALUE.", next="Write --set days=7.")
        out[name] = value
    return out
