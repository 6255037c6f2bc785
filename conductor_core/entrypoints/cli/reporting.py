"""The commands that make and read reports, which `conductor report` takes in: create, list; and their verification."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import As, Json, console, entered, print_json
from conductor_core.errors import InputError, StorageError
from conductor_core.services.audit_pack import verify_pack
from conductor_core.services.report_verification import verdict

KINDS = ("json", "html", "pdf")


def add_to(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command("create", epilog="Example: conductor report create --kind period --from 2026-11-01 --as captain")(
        create
    )
    app.command("list", epilog="Example: conductor report list")(list_reports)
    app.command("schedules", epilog="Example: conductor report schedules")(schedules)


def create(
    ctx: typer.Context,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="change, release, environment or period.")],
    change: Annotated[str, typer.Option("--change", metavar="ID", help="The Change.")] = "",
    release: Annotated[str, typer.Option("--release", metavar="NAME", help="The release.")] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="NAME", help="Its channel; default: all.")] = "",
    environment: Annotated[str, typer.Option("--environment", metavar="TIER", help="The tier, such as prod.")] = "",
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Changes asked for from then, UTC.")] = "",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Until before then, UTC.")] = "",
    formats: Annotated[str, typer.Option("--format", metavar="LIST", help="Of html, pdf, json.")] = "html,pdf,json",
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write the files there.")] = None,
    who: As = "",
    as_json: Json = False,
) -> None:
    """Make a report for an auditor: signed JSON, and HTML and PDF drawn from it."""
    from conductor_core.services.reports import Wanted

    entry = entered(ctx)
    chosen = tuple(part.strip() for part in formats.split(",") if part.strip())
    wanted = Wanted(kind, change, release, channel, environment, _time(start), _time(end), chosen)
    made = entry.conductor.reports.create(entry.actor(who), wanted)
    folder = _write(out, made.files) if out else entry.conductor.settings.home / "reports" / made.id
    if as_json:
        print_json(
            {"id": made.id, "title": made.title, "digest": made.digest, "files": [str(folder / n) for n in made.files]}
        )
        return
    typer.echo(f"{made.title}\nreport   {made.id}\ndigest   {made.digest}")
    for name in made.files:
        typer.echo(f"file     {folder / name}")


def list_reports(ctx: typer.Context, as_json: Json = False) -> None:
    """List the reports that were made, newest first."""
    found = entered(ctx).conductor.reports.all()
    if as_json:
        rows = [
            {"id": r.id, "title": r.title, "digest": r.digest, "made_at": r.made_at, "files": list(r.files)}
            for r in found
        ]
        print_json({"reports": rows})
    elif not found:
        typer.echo("No report was made yet. `conductor report create --help` says how.")
    else:
        console().print(
            table(("ID", "MADE", "BY", "TITLE"), [(r.id, r.made_at[:16], r.made_by, r.title) for r in found])
        )


def schedules(ctx: typer.Context, as_json: Json = False) -> None:
    """List the reports that are made by themselves, with the last whole period of each."""
    found = entered(ctx).conductor.report_schedules.all()
    if as_json:
        rows = [
            {
                "schedule": due.schedule.text,
                "from": due.start.isoformat(),
                "to": due.end.isoformat(),
                "report": due.report.id if due.report else None,
            }
            for due in found
        ]
        print_json({"schedules": rows})
    elif not found:
        typer.echo("No report is made by itself. CONDUCTOR_REPORT_SCHEDULES says which are, such as `month`.")
    else:
        lines = [
            (d.schedule.text, f"{d.start:%Y-%m-%d}", f"{d.end:%Y-%m-%d}", d.report.id if d.report else "nothing yet")
            for d in found
        ]
        console().print(table(("SCHEDULE", "FROM", "UNTIL BEFORE", "REPORT"), lines))


def verify_file(path: Path, vkeys: str, as_json: bool) -> None:
    """Say what holds of a pack or report, from its files alone; raises `LedgerError`, `InputError`."""
    try:
        data = path.read_bytes()
    except OSError as bad:
        raise InputError(f"{path} can't be read.", why=str(bad), next="Name the archive.") from bad
    report = is_report(path, data)
    lines = verify_files(path, data, vkeys) if report else verify_pack(data, vkeys)
    if as_json:
        source = "given" if vkeys else "of this installation" if report else "from the pack"
        print_json({"holds": True, "key": source, "lines": lines})
    else:
        typer.echo("\n".join([*lines, verdict(lines)]))


def is_report(path: Path, data: bytes) -> bool:
    """Whether a file that is to be verified belongs to a report, and not to a pack."""
    return path.suffix.lstrip(".") in KINDS or data[:1] == b"{"


def verify_files(path: Path, data: bytes, vkeys: str) -> list[str]:
    """What holds of the report that a file belongs to; its other files have the same name but for the ending.

    Without vkeys this installation's own keys are used. Raises `LedgerError`.
    """
    from conductor_core.settings import load
    from conductor_core.wiring import check_report

    beside = {kind: path.with_suffix(f".{kind}") for kind in KINDS} if path.suffix.lstrip(".") in KINDS else {}
    files = {f"report.{kind}": file.read_bytes() for kind, file in beside.items() if file.is_file()}
    return check_report(files or {"report.json": data}, vkeys, load())


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as bad:
        raise InputError(f"{text!r} is no time.", why=str(bad), next="Write 2026-11-24 or 2026-11-24T18:00Z.") from bad
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _write(folder: Path, files: object) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in dict(files).items():  # type: ignore[call-overload]  # a mapping of names to bytes
            (folder / name).write_bytes(data)
    except OSError as bad:
        raise StorageError(f"{folder} can't be written.", why=str(bad), next="Name another folder.") from bad
    return folder
