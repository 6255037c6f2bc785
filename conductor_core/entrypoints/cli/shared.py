"""What every command shares: the Conductor it talks to, who acts, and how answers and errors leave the process.

Answers go to stdout, everything for watching to stderr, so that `--json` can be piped.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import typer

from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.errors import ConductorError, Diagnostics, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from conductor_core.domain.actors import Actor
    from conductor_core.wiring import Conductor

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
As = Annotated[str, typer.Option("--as", envvar="CONDUCTOR_ACTOR", metavar="WHO", help="Who acts.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why this is done; it goes into the record.")]
Emergency = Annotated[
    bool, typer.Option("--emergency", help="At once, reviewed afterwards; takes the break-glass role.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the run on stderr until the Change ends or waits for you.")]
ReleaseName = Annotated[str, typer.Argument(metavar="RELEASE", help="Name of the release.")]
Channel = Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="Channel, such as staging.")]
ChangeId = Annotated[str, typer.Argument(metavar="ID", help="Id of the Change, as `conductor change list` shows it.")]


def _wire() -> Conductor:
    from conductor_core.settings import load

    settings = load()  # first: a wrong setting is told before anything heavy is imported
    from conductor_core.wiring import wire

    return wire(settings)


@dataclass
class Door:
    """What a command works with; the Conductor is opened when it is first needed."""

    open: Callable[[], Conductor] = _wire

    @cached_property
    def conductor(self) -> Conductor:
        """The opened Conductor; raises `ConfigurationError`."""
        return self.open()

    def actor(self, name: str) -> Actor:
        """Who acts: `name` in local mode, whoever the token in CONDUCTOR_TOKEN was made for in single sign-on mode.

        Raises `InputError` when nobody was named, `AccessDeniedError` for an unknown name or a bad token.
        """
        if self.conductor.settings.identity_mode == "oidc":
            return self._signed_in(name)
        if not name:
            raise InputError(
                "It must be known who acts.",
                why=f"Policies and the record ask for an identity; the local ones are {', '.join(LOCAL_ACTORS)}.",
                next="Add --as WHO, or set CONDUCTOR_ACTOR.",
            )
        return self.conductor.actor(name)

    def _signed_in(self, name: str) -> Actor:
        token = os.environ.get("CONDUCTOR_TOKEN", "").strip()
        if not token or name:
            raise InputError(
                "It must be known who acts." if not token else "A name is no proof of who acts.",
                why="CONDUCTOR_IDENTITY_MODE is oidc; "
                + ("CONDUCTOR_TOKEN is empty." if not token else "--as is local."),
                next="Set CONDUCTOR_TOKEN to a token of your single sign-on, without --as.",
            )
        return self.conductor.identity.bearer(token)


def entered(context: typer.Context) -> Door:
    """The door that this command came through."""
    found = context.find_root().obj
    return found if isinstance(found, Door) else Door()


@contextmanager
def door(as_json: bool, *, error_code: int | None = None) -> Iterator[None]:
    """Catches `ConductorError`, prints its diagnostics and exits with its code (or `error_code`).

    Anything else that gets this far is a mistake of the product's: one line, and how to see where it came from.
    """
    try:
        yield
    except ConductorError as bad:
        print_error(bad.diagnostics(), as_json)
        raise typer.Exit(bad.exit_code if error_code is None else error_code) from bad
    except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
        raise
    except Exception as bad:
        if os.environ.get("CONDUCTOR_LOG_LEVEL", "").lower() == "debug":
            raise
        print_error(unexpected(bad), as_json)
        raise typer.Exit(1 if error_code is None else error_code) from bad


def unexpected(bad: Exception) -> Diagnostics:
    """The diagnostics of a mistake of the product's own."""
    text = " ".join(str(bad).split())[:300]
    return Diagnostics(
        "Something went wrong inside Maestro Conductor.",
        f"{type(bad).__name__}: {text}",
        "Run it again with CONDUCTOR_LOG_LEVEL=debug for a traceback, and report it.",
    )


def print_error(said: Diagnostics, as_json: bool) -> None:
    """The three texts: an `error` object on stdout under `--json`, a panel on stderr otherwise."""
    if as_json:
        print_json({"error": said.as_dict()})
        return
    from rich.panel import Panel
    from rich.text import Text

    body = Text(said.what, style="bold")
    for label, text in (("why", said.why), ("next", said.next)):
        body.append(f"\n{label:<6}", style="not bold dim").append(text, style="not bold")
    console(sys.stderr).print(Panel(body, title="error", title_align="left", border_style="red"))


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def print_json_line(value: object) -> None:
    """One JSON document on one line of stdout, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def console(file: object = None) -> Console:
    """A console on stdout (or `file`): no colour when it is no terminal or NO_COLOR is set."""
    from rich.console import Console

    return Console(file=file or sys.stdout, highlight=False, markup=False, emoji=False)  # type: ignore[arg-type]  # any text stream
