"""What charts rendered to, kept on disk by what it was made from, so that a new process need not run helm again.

A render is named by helm's program, every file of the chart and of the values, the release and the capabilities. Values
given by hand may be secrets; charts may draw random values or look at the clock, and so may post-renderers: such
renders are never kept.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import itertools
import json
import os
import re
import tempfile
import threading
import zlib
from dataclasses import asdict
from pathlib import Path

from conductor_core.ports.helm import ChartInfo, ChartRequest, Rendered

BYTES_KEPT = 256 * 1024 * 1024
READING = "4"
"""Names how documents are read; another one when that changes, so that none is kept as it was read before."""
_DRAWN = re.compile(
    rb"\b(rand(Alpha|AlphaNum|Numeric|Ascii|Bytes|Int)|shuffle|uuidv4|now|ago|bcrypt|htpasswd|encryptAES"
    rb"|(html)?[dD]ate(InZone|_in_zone)?|genPrivateKey|gen(CA|SelfSignedCert|SignedCert)\w*|getHostByName)\b"
)
"""Functions whose result isn't the same each time (https://helm.sh/docs/chart_template_guide/function_list/).

They count wherever a file that holds a template action names them, also in a comment: rather rendered once more than
kept wrongly.
"""
_LOOKS_UP = re.compile(rb"\{\{[^}]*\blookup\s+[\"`(.$]")
_ACTION = b"{{"
_PACKED = (".tgz", ".gz")
_UNPACKED = 64 * 1024 * 1024


class KeptRenders:
    """A folder of renders, for its owner alone; the ones that were not asked for longest go first.

    A file has a line about the render, then one for each of its documents. What the render before had in equal lines is
    given again, not read again: two renders of one chart are equal but for a few documents.
    """

    def __init__(self, folder: Path, cap: int = BYTES_KEPT) -> None:
        self._folder, self._cap = folder, cap
        self._lock = threading.Lock()
        self._before: dict[str, object] = {}

    def name(self, program: Path | None, chart: Path, request: ChartRequest) -> str:
        """What names this render; '' when it isn't to be kept."""
        maker = _program(program) if program is not None else ""
        if not maker or request.sets or request.post is not None:
            return ""
        made_from = hashlib.sha256(f"{READING}\0{maker}".encode())
        files = [(str(p.relative_to(chart)), p) for p in sorted(chart.rglob("*")) if p.is_file()]
        files += [(f"values {at}", path) for at, path in enumerate(request.values)]
        for name, path in files:
            data = path.read_bytes()
            if _draws(name, data):
                return ""
            made_from.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data)
        about = [request.release, request.namespace, request.kube_version, *request.api_versions]
        made_from.update(json.dumps(about).encode())
        return made_from.hexdigest()

    def get(self, name: str) -> Rendered | None:
        """The render of that name, if it is kept."""
        if not name:
            return None
        try:
            file = self._folder / name
            first, *lines = file.read_text("ascii").split("\n")
            os.utime(file)
            told = json.loads(first)
            counts = told.pop("parsed")
            if sum(counts) != len(lines):
                return None
            with self._lock:  # two that are asked for at once share as well
                before = self._before
                read = self._before = {line: before[line] if line in before else json.loads(line) for line in lines}
            documents = iter([read[line] for line in lines])
            parsed = tuple(tuple(itertools.islice(documents, count)) for count in counts)
            return Rendered(ChartInfo(**told.pop("chart")), **told, parsed=parsed)
        except (OSError, ValueError, TypeError, KeyError):  # none, or one that can't be read: rendered anew
            return None

    def put(self, name: str, made: Rendered) -> None:
        """Keep a render; a disk that has no room for it costs only time."""
        if not name:
            return
        about: dict[str, object] = {"chart": asdict(made.chart), "manifests": made.manifests, "hooks": made.hooks}
        about |= {"crds": made.crds, "looks_up": made.looks_up}
        parsed = made.parsed
        try:
            lines = [json.dumps(document) for stream in parsed for document in stream]
        except TypeError:  # a document holds what is no JSON, such as a date with its tag
            lines, parsed = [], ()
        text = "\n".join([json.dumps(about | {"parsed": [len(stream) for stream in parsed]}), *lines])
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, making = tempfile.mkstemp(dir=self._folder, prefix=".making-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(making).rename(self._folder / name)
            self._prune()

    def _prune(self) -> None:
        with os.scandir(self._folder) as entries:  # another process may delete one meanwhile
            files = [(e.stat().st_mtime, e.stat().st_size, e.path) for e in entries]
        more = sum(size for _, size, _ in files) - self._cap
        for _, size, path in sorted(files):
            if more <= 0:
                return
            Path(path).unlink(missing_ok=True)
            more -= size


class KnownVersion:
    """The version of a program, asked once for its bytes and kept in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def of(self, program: Path | None) -> str:
        """What it was when it was asked last; '' when it is another program now, or was never asked."""
        try:
            told = json.loads(self._file.read_bytes())
            return str(told["version"]) if program is not None and told["program"] == _program(program) != "" else ""
        except (OSError, ValueError, TypeError, KeyError):
            return ""

    def keep(self, program: Path | None, version: str) -> None:
        """Remember it; a disk that has no room for it costs only time."""
        if program is None or not _program(program):
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            making = self._file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
            making.write_text(json.dumps({"program": _program(program), "version": version}))
            making.replace(self._file)


def looks_up(chart: Path) -> bool:
    """Whether a template of a chart, or of one packed in it, asks the cluster with `lookup`
    (https://helm.sh/docs/chart_template_guide/functions_and_pipelines/#using-the-lookup-function).
    """
    files = (p for p in sorted(chart.rglob("*")) if p.is_file())
    templates = (p for p in files if "templates" in p.relative_to(chart).parts or p.suffix in _PACKED)
    texts = (_unpacked(p.name, p.read_bytes()) for p in templates)
    return any(_LOOKS_UP.search(text) is not None for text in texts if text is not None)


def _draws(name: str, data: bytes) -> bool:
    """Whether a file of a chart, or one packed in it, asks for what differs each time; yes when it can't be known."""
    text = _unpacked(name, data)
    return text is None or (_ACTION in text and _DRAWN.search(text) is not None)


def _unpacked(name: str, data: bytes) -> bytes | None:
    """The bytes of a file, unpacked when it is packed; None when they can't be."""
    if not name.endswith(_PACKED):
        return data
    try:
        return gzip.GzipFile(fileobj=io.BytesIO(data)).read(_UNPACKED)
    except (OSError, EOFError, zlib.error):
        return None


def _program(program: Path) -> str:
    """Names the bytes of a program, without reading them; '' when it isn't there."""
    found = program.resolve()
    if not found.is_file():
        return ""
    about = found.stat()
    return f"{found}\0{about.st_size}\0{about.st_mtime_ns}"
