"""Post-renderers: programs that change what a chart renders to before it is applied, such as a kustomize overlay.

A channel names one with its arguments; which program that is, and which options it gets, is said by the settings of the
installation alone: what is committed can't choose what this machine runs. https://helm.sh/docs/topics/advanced/
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from conductor_core.domain import names
from conductor_core.errors import InputError, RefusedError

FACT = "post-renderer"
"""The fact of a plan that names the post-renderer and a digest of its program, arguments and files."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ARGUMENT = re.compile(r"[A-Za-z0-9_./:@+][A-Za-z0-9_./:@+,=-]{0,199}")
_PROGRAM = re.compile(r"/[A-Za-z0-9_./+@ -]{1,400}")
_KEYS = frozenset({"name", "args", "folder"})


@dataclass(frozen=True)
class PostRenderer:
    """What a channel declares: the name of an allowed one, its operands, and a folder of the repository that is its
    working directory ('' is none).
    """

    name: str
    args: tuple[str, ...] = ()
    folder: str = ""


def declared(entry: object, where: str) -> PostRenderer:
    """The post-renderer in an entry of the channels file: a name, or `{name, args, folder}`. Raises `InputError`."""
    fields = {"name": entry} if isinstance(entry, str) else entry
    if not isinstance(fields, Mapping) or not fields.keys() <= _KEYS:
        raise _bad(where, f"It is {entry!r}.")
    name, args, folder = fields.get("name"), fields.get("args", []), fields.get("folder", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _bad(where, f"Its name is {name!r}; a name has lower-case letters, digits and '-'.")
    if not isinstance(args, list) or not all(isinstance(a, str) for a in args):
        raise _bad(where, f"Its args are {args!r}, and no list of texts.")
    wrong = next((a for a in args if not _ARGUMENT.fullmatch(a)), None)
    if wrong is not None:
        raise _bad(where, f"The argument {wrong[:80]!r} has other characters than letters, digits and _./:@+,=-, or "
                   "is an option: options stand in CONDUCTOR_POST_RENDERERS.")  # fmt: skip
    if not isinstance(folder, str):
        raise _bad(where, f"Its folder is {folder!r}.")
    return PostRenderer(name, tuple(args), names.inner_path(folder) if folder else "")


def allowed(text: str) -> dict[str, tuple[str, ...]]:
    """Program and fixed arguments by name, of a setting such as `overlay=/opt/overlay; labels=/opt/labels --strict`.
    Raises `InputError`.
    """
    out: dict[str, tuple[str, ...]] = {}
    for entry in (part.strip() for part in text.split(";")):
        if not entry:
            continue
        name, sign, line = entry.partition("=")
        try:
            argv = tuple(shlex.split(line))
        except ValueError as bad:
            raise _unreadable(entry, f"A quote doesn't match: {bad}.") from bad
        if not sign or not _NAME.fullmatch(name.strip()) or not argv:
            raise _unreadable(entry, "It is not NAME=PROGRAM.")
        if not _PROGRAM.fullmatch(argv[0]) or ".." in PurePosixPath(argv[0]).parts:
            raise _unreadable(entry, "A program is given by its absolute path, so that PATH doesn't choose it.")
        out[name.strip()] = argv
    return out


def command(wanted: PostRenderer, known: Mapping[str, tuple[str, ...]], where: str) -> tuple[str, ...]:
    """Program and arguments of a declared post-renderer; raises `RefusedError` for one that isn't allowed."""
    if wanted.name not in known:
        raise RefusedError(
            f"The post-renderer {wanted.name} of {where} is not allowed here.",
            why=f"CONDUCTOR_POST_RENDERERS allows: {', '.join(sorted(known)) or 'none'}.",
            next=f'Look at what it does, then add it to CONDUCTOR_POST_RENDERERS: "{wanted.name}=/path/of/program".',
        )
    return (*known[wanted.name], *wanted.args)


def seems_post_rendered(manifest: str) -> bool:
    """Whether a stored manifest was changed after Helm had rendered it: Helm names the template above each document,
    and a tool that writes YAML anew leaves that out. One that keeps comments can't be seen.
    """
    return bool(manifest.strip()) and "# Source: " not in manifest


def unknown_note(manifest: str) -> tuple[str, ...]:
    """The remark about a stored manifest that a post-renderer seems to have made; none for any other."""
    if not seems_post_rendered(manifest):
        return ()
    return (
        "It was installed through a post-renderer that no channel declares here: its manifests don't name their "
        "templates. A render of the chart differs by what that one changes; see post_renderer in channels.yaml.",
    )


def _bad(where: str, why: str) -> InputError:
    return InputError(
        f"`post_renderer` of {where} can't be read.", why=why,
        next="Write it as post_renderer: {name: overlay, args: [prod], folder: overlays/shop}.",
    )  # fmt: skip


def _unreadable(entry: str, why: str) -> InputError:
    return InputError(
        "CONDUCTOR_POST_RENDERERS can't be read.", why=f"{entry[:120]!r}: {why}",
        next="Write it as overlay=/opt/bin/overlay; labels=/opt/bin/labels --strict.",
    )  # fmt: skip
