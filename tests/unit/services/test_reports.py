"""A report says what the record says, is signed, and holds only as long as nobody changes a byte of it."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]  # it has no stubs
import pytest
from jsonschema import Draft202012Validator

from conductor_core.adapters.report_files import ReportFiles
from conductor_core.adapters.report_pages import ReportPages
from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.domain import gates
from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import State
from conductor_core.domain.dsse import open_envelope, pae
from conductor_core.errors import ConfigurationError, ConflictError, InputError, LedgerError, NotFoundError
from conductor_core.ports.reports import Page
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.report_charts import charts
from conductor_core.services.report_schedules import ReportSchedules
from conductor_core.services.report_verification import verdict, verify_report
from conductor_core.services.reports import MADE, Report, ReportService, Wanted
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.ledger import SIGNER, FakeLedger, MemoryLedgerIndex
from tests.fakes.log_store import MemoryLedgerRows, MemoryLogStore

TEMPLATES = PROJECT_ROOT / "data" / "report_templates"
KEYS = [SIGNER.key]
HOSTILE = 'x <script>alert(1)</script> {{ 7*7 }} #panic("a") \\u{1} $x^2$ "] //'


class World:
    """A record with a Change in every state, sealed, and reports over it."""

    def __init__(self, home: Path, *templates: Path) -> None:
        self.conductor: FakeConductor = build(home)
        self.changes = {state: self.conductor.settled(state) for state in State}
        self.ledger = FakeLedger(self.conductor.memory)
        self.ledger.seal()
        self.kept = ReportFiles(home / "reports")
        c = self.conductor
        self.reports = ReportService(
            c.store, c.operations, self.ledger.reader, c.ledger, ReportPages(*templates, TEMPLATES), self.kept,
            lambda: SIGNER, ed25519, c.clock, b"m" * 32,
        )  # fmt: skip

    def make(self, kind: str = "period", **about: object) -> Report:
        wanted = Wanted(kind, start=datetime(2020, 1, 1, tzinfo=UTC) if kind == "period" else None)
        return self.reports.create(self.conductor.actor("captain"), replace(wanted, **about))  # type: ignore[arg-type]  # fields by name


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def report(world: World) -> Report:
    return world.make()


def pages(report: Report) -> str:
    """The texts of the PDF."""
    sheets = pypdfium2.PdfDocument(report.files["report.pdf"])
    return "\n".join(str(sheet.get_textpage().get_text_range()) for sheet in sheets)


def document(report: Report) -> dict[str, object]:
    return dict(open_envelope(report.files["report.json"], KEYS, ed25519).predicate)


def test_it_holds_and_says_so(world: World, report: Report) -> None:
    assert set(report.files) == {"report.html", "report.pdf", "report.json"}
    lines = verify_report(report.files, KEYS, ed25519)
    ended = sum(change.terminal for change in world.changes.values())
    assert lines == [
        f"signed by {SIGNER.key.name}+{SIGNER.key.key_id.hex()}",
        f"document {report.digest}",
        "report.html is the file that was signed",
        "report.pdf is the file that was signed",
        f"{ended} of {len(world.changes)} Changes are sealed in the ledger, each proof holds",
    ]
    assert world.reports.verify(report.id) == lines


def test_it_says_what_the_record_says(world: World, report: Report) -> None:
    found = document(report)
    parts = found["changes"]
    assert isinstance(parts, list)
    by_id = {part["id"]: part for part in parts}
    for change in world.changes.values():
        part = by_id[change.id]
        assert (part["state"], part["title"], part["reason"]) == (change.state.value, change.title, change.reason)
        assert part["plan"]["digest"] == change.plan_digest
        assert [gate["result"] for gate in part["gates"]] == [v.result.value for v in change.verdicts]
        assert bool(part["sealed"]) == change.terminal
        assert part["seal"] == change.seal
        assert [op["name"] for op in part["operations"]] == [o.key for o in world.conductor.operations.of(change.id)]
    summary = found["summary"]
    assert isinstance(summary, dict)
    assert summary["changes"] == len(world.changes)
    failed = by_id[world.changes[State.FAILED].id]
    assert failed["mended_by"] is None


def test_a_failed_change_names_what_mended_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    failed = world.changes[State.FAILED]
    mended = world.conductor.settled(State.SUCCEEDED)
    found = document(world.make("change", change=failed.id, formats=("json",)))
    parts = found["changes"]
    assert isinstance(parts, list)
    assert parts[0]["mended_by"]["id"] == mended.id


def test_a_long_report_has_a_line_for_each_change_and_sections_for_what_went_wrong(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.conductor.settled(State.FAILED)
    changes = [world.conductor.settled(State.SUCCEEDED) for _ in range(99 - len(State))]
    whole = world.make(formats=("pdf", "json"))
    assert pages(whole).count("Post-flight checks failed: pods.") == 2
    changes += [world.conductor.settled(State.SUCCEEDED) for _ in range(9)]
    world.ledger.seal()
    long = world.make(formats=("pdf", "json"))
    shown = pages(long)
    assert all(change.id in shown for change in changes)
    assert f"{len(State)} of 109 Changes did not succeed" in " ".join(shown.split())
    assert shown.count("Post-flight checks failed: pods.") == 2
    assert shown.count("Evidence") < pages(whole).count("Evidence")
    parts = document(long)["changes"]
    assert isinstance(parts, list)
    assert all(part["gates"] for part in parts if part["state"] == "succeeded")
    assert world.reports.verify(long.id)


def test_it_is_recorded_with_its_digests(world: World, report: Report) -> None:
    [made] = [e.event for e in world.conductor.store.events(subject=report.id)]
    assert made.type == MADE
    assert made.actor == "local|captain"
    assert made.data["document"] == report.digest
    assert set(made.data["files"]) == set(report.files)  # type: ignore[call-overload]  # a map
    schema = PROJECT_ROOT / "data" / "schemas" / "events" / f"{MADE}.schema.json"
    Draft202012Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(made.envelope())


@pytest.mark.parametrize(
    ("kind", "about", "states"),
    [
        ("release", {"release": "intelgraph"}, len(State)),
        ("release", {"release": "intelgraph", "channel": "staging"}, 2),
        ("environment", {"environment": "dev"}, len(State) - 2),
        ("period", {"start": datetime(2026, 11, 24, tzinfo=UTC)}, len(State)),
    ],
)
def test_kinds_choose_their_changes(world: World, kind: str, about: dict[str, object], states: int) -> None:
    made = world.make(kind, formats=("json",), **about)
    assert len(document(made)["changes"]) == states  # type: ignore[arg-type]  # a list
    assert set(made.files) == {"report.json"}


@pytest.mark.parametrize(
    ("kind", "about", "error"),
    [
        ("week", {}, InputError),
        ("change", {}, InputError),
        ("release", {}, InputError),
        ("environment", {}, InputError),
        ("period", {"start": None}, InputError),
        ("period", {"formats": ("docx",)}, InputError),
        ("period", {"end": datetime(2019, 1, 1, tzinfo=UTC)}, InputError),
        ("release", {"release": "nothing"}, NotFoundError),
        ("change", {"change": "chg-01KB0000000000000000000000"}, NotFoundError),
        ("period", {"start": datetime(2099, 1, 1, tzinfo=UTC)}, NotFoundError),
    ],
)
def test_a_wish_that_cannot_be_met(world: World, kind: str, about: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        world.make(kind, **about)


@pytest.mark.slow
def test_not_one_byte_can_be_changed(report: Report) -> None:
    chance = random.Random(7)
    for name, data in report.files.items():
        for _ in range(400):
            at = chance.randrange(len(data))
            changed = data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
            with pytest.raises(LedgerError):
                verify_report({**report.files, name: changed}, KEYS, ed25519)
        with pytest.raises(LedgerError):
            verify_report({**report.files, name: data + b" "}, KEYS, ed25519)
        with pytest.raises(LedgerError):
            verify_report({**report.files, name: data[:-2]}, KEYS, ed25519)


def forged(report: Report, change: Callable[[dict[str, object]], object], *, by: object = None) -> bytes:
    """The report's JSON with its statement changed; signed anew by another key when `by` is given."""
    envelope = json.loads(report.files["report.json"])
    statement = json.loads(base64.b64decode(envelope["payload"]))
    change(statement)
    payload = canonical_bytes(statement)
    envelope["payload"] = base64.b64encode(payload).decode()
    if by is not None:
        signer = make_signer("example.com/ledger", bytes(range(1, 33)))
        envelope["signatures"] = [{"keyid": str(by), "sig": base64.b64encode(signer.sign(pae(payload))).decode()}]
    return canonical_bytes(envelope) + b"\n"


def test_no_field_can_be_changed(report: Report) -> None:
    def edit(path: list[str | int], value: object) -> Callable[[dict[str, object]], object]:
        def change(statement: dict[str, object]) -> None:
            at: object = statement
            for step in path[:-1]:
                at = at[step]  # type: ignore[index]  # maps and lists
            at[path[-1]] = value  # type: ignore[index]  # the last one

        return change

    edits: list[tuple[list[str | int], object]] = [
        (["predicate", "title"], "another"),
        (["predicate", "changes", 0, "state"], "succeeded!"),
        (["predicate", "changes", 0, "approvals"], [{}]),
        (["predicate", "changes"], []),
        (["subject"], []),
        (["predicateType"], "x"),
    ]
    kid = f"{SIGNER.key.name}+{SIGNER.key.key_id.hex()}"
    for path, value in edits:
        for by in (None, kid, "example.com/other+00000000"):
            with pytest.raises(LedgerError):
                verify_report({"report.json": forged(report, edit(path, value), by=by)}, KEYS, ed25519)


def test_the_signature_of_another_report_or_key_does_not_do(world: World, report: Report) -> None:
    other = world.make("release", release="intelgraph")
    with pytest.raises(LedgerError, match=r"report\.html is not the file"):
        verify_report({**report.files, "report.html": other.files["report.html"]}, KEYS, ed25519)
    with pytest.raises(LedgerError, match="not among those that are trusted"):
        verify_report(report.files, [make_signer("example.com/ledger", bytes(32)).key], ed25519)
    with pytest.raises(LedgerError, match="is not there"):
        verify_report({"report.pdf": report.files["report.pdf"]}, KEYS, ed25519)
    only = verify_report({"report.json": report.files["report.json"]}, KEYS, ed25519)
    assert "report.pdf was signed, and is not here to be checked" in only
    assert (verdict(only), verdict(only[:1])) == ("What is here holds.", "All of it holds.")


def test_pages_are_self_contained_and_texts_stay_texts(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.conductor.requested(reason=HOSTILE)
    made = world.make()
    html = made.files["report.html"].decode()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "{{ 7*7 }}" in html
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "src=" not in html
    assert "default-src 'none'" in html
    assert made.digest in html
    assert SIGNER.key.encode().replace("'", "&#39;") in html
    assert made.files["report.pdf"].startswith(b"%PDF-")


def test_what_only_warns_beside_a_denial_says_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    change = world.conductor.requested()
    denies, warns = gates.Reason("tag", "No tag."), gates.Reason("scan", "No scan.")
    world.conductor.plan(change.id, gates.verdict("policy", denials=[denies], warnings=[warns], rules_run=2))
    made = world.make("change", change=change.id)
    html = made.files["report.html"].decode()
    assert "<td>tag: No tag." in html
    assert "warns: scan: No scan." in html
    assert made.files["report.pdf"].startswith(b"%PDF-")


def test_secrets_are_masked(tmp_path: Path) -> None:
    world = World(tmp_path)
    given: dict[str, object] = {"release": "intelgraph", "channel": "dev", "sets": {"db.password": "hunter2-canary"}}
    world.conductor.changes.request(world.conductor.actor("requester"), "deploy_release", given, "why")
    made = world.make()
    assert all(b"hunter2-canary" not in data for data in made.files.values())
    assert "hunter2-canary" not in json.dumps(document(made))


def test_the_same_report_is_the_same_bytes(world: World, report: Report) -> None:
    pages, found = ReportPages(TEMPLATES), document(report)
    page = Page(found, report.digest, SIGNER.key.encode(), charts(found))
    assert pages.html(page) == report.files["report.html"]
    assert pages.pdf(page) == report.files["report.pdf"]


def test_templates_can_be_replaced_and_bad_ones_are_said(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    (own / "report.html.j2").write_text("<p>{{ report.title }}: {{ report.changes | length }}</p>")
    world = World(tmp_path / "home", own)
    assert world.make(formats=("html",)).files["report.html"] == b"<p>Changes from 2020-01-01: 11</p>"
    for bad in ("{{ report.nothing.at.all }}", "{% if %}", "{{ ''.__class__.__mro__ }}"):
        (own / "report.html.j2").write_text(bad)
        with pytest.raises(ConfigurationError, match=r"report.html.j2"):
            world.make(formats=("html",))
    (own / "report.typ").write_text('#read("/etc/passwd")')
    with pytest.raises(ConfigurationError, match=r"report.typ"):
        world.make(formats=("pdf",))


def test_kept_reports_are_listed_newest_first_and_damage_is_said(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, second = world.make(formats=("json",)), world.make("release", release="intelgraph", formats=("json",))
    assert [r.id for r in world.reports.all()] == [second.id, first.id]
    assert world.reports.all()[0].title == second.title
    path = tmp_path / "reports" / first.id / "report.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(path.read_bytes().replace(b"DSSE", b"dsse")[:-10])
    assert "does not hold" in world.reports.all()[1].title
    with pytest.raises(LedgerError):
        world.reports.verify(first.id)
    with pytest.raises(ConflictError):
        world.kept.put(second.id, {"report.json": b"{}"})


@pytest.mark.parametrize("name", ["../x", "report.exe", "", "/etc/passwd", "report.json/..", "REPORT.JSON"])
def test_only_files_of_reports_are_read(world: World, report: Report, name: str) -> None:
    with pytest.raises(NotFoundError):
        world.reports.read(report.id, name)
    with pytest.raises(NotFoundError):
        world.reports.read(name, "report.json")


def test_a_report_before_the_first_checkpoint_says_that_nothing_is_sealed(tmp_path: Path) -> None:
    world = World(tmp_path)
    unsealed = build(tmp_path / "other")
    unsealed.settled(State.SUCCEEDED)
    world.reports._store, world.reports._operations = unsealed.store, unsealed.operations
    index = MemoryLedgerIndex(unsealed.memory, MemoryLedgerRows())
    world.reports._reader = LedgerReader(MemoryLogStore(), lambda: KEYS, ed25519, index)
    made = world.make(formats=("json", "html", "pdf"))
    assert document(made)["ledger"] is None
    assert "nothing here is sealed" in made.files["report.html"].decode()
    assert verify_report(made.files, KEYS, ed25519)[-1].startswith("0 of 1")


class Opened:
    """A `ReportStore` that notes which reports are opened."""

    def __init__(self, kept: ReportFiles) -> None:
        self._kept, self.ids = kept, list[str]()
        self.put, self.all = kept.put, kept.all

    def get(self, report_id: str, name: str) -> bytes:
        self.ids.append(report_id)
        return self._kept.get(report_id, name)


def test_a_schedule_makes_one_report_about_its_last_period(tmp_path: Path) -> None:
    world = World(tmp_path)
    clock = world.conductor.clock
    schedules = ReportSchedules("day; day release=absent; week environment=dev", world.reports, clock)
    assert schedules.make() == []
    assert [due.report for due in schedules.all()] == [None] * 3
    clock.step(86_400.0)
    (made,) = schedules.make()
    start, end = schedules.all()[0].start, schedules.all()[0].end
    assert (made.schedule, made.start, end - start) == ("day", start, timedelta(days=1))
    assert document(made)["made_by"] == {"key": SYSTEM.key, "name": SYSTEM.name}
    assert schedules.make() == []
    due = schedules.all()[0].report
    assert due is not None
    assert due.id == made.id
    opened = Opened(world.kept)
    world.reports._kept = opened
    for _ in range(3):
        world.make(formats=("json",))
    opened.ids.clear()
    assert schedules.all()[0].report == due
    assert made.id in opened.ids
    clock.step(7 * 86_400.0)
    opened.ids.clear()
    assert schedules.all()[0].report is None
    assert opened.ids == [], "what was made before the last period's end is not opened"
    assert [report.schedule for report in schedules.make()] == ["week environment=dev"]
