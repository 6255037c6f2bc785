"""The contract of `Tofu`, on the fake and on the tofu program with a module that needs no provider."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.tofu import Credentials, TofuProgram
from conductor_core.domain import infra_plan, tofu_events
from conductor_core.domain.masking import Masker
from conductor_core.errors import ConflictError, InputError, StateError
from conductor_core.localplane.programs import layout
from conductor_core.ports.tofu import Planned, Tofu, Workspace
from conductor_core.settings import PROJECT_ROOT, Settings
from tests.fakes.tofu import FakeTofu
from tests.real.conftest import plane  # noqa: F401  # a fixture: the real half of the contract asks for it by name

FOLDER = "infra/terraform/blueprints/small"
REAL = """
variable "environment" { type = string }
variable "size" {
  type    = number
  default = 1
}
variable "word" {
  type      = string
  default   = "open"
  sensitive = true
  validation {
    condition     = var.word != "refused"
    error_message = "Not that word."
  }
}
resource "terraform_data" "thing" {
  count = var.size
  input = "${var.environment} ${var.word}"
}
output "name" { value = var.environment }
"""
FAKE = "# resource terraform_data.thing[{size}]\n"


@dataclass
class Bench:
    """A tofu and the module that it works on."""

    tofu: Tofu
    text: str
    home: Path
    seen: list[Mapping[str, Any]] = field(default_factory=list)

    def work(self, name: str = "blue", more: str = "", lock: bytes = b"") -> Workspace:
        files = {f"{FOLDER}/main.tf": (self.text + more).encode()}
        return Workspace(name, FOLDER, files | ({f"{FOLDER}/.terraform.lock.hcl": lock} if lock else {}))

    def values(self, **more: Any) -> dict[str, Any]:
        return {"environment": "blue", "size": 1, **more}

    def apply(self, planned: Planned, run: str = "chg-1", name: str = "blue") -> None:
        work = self.work(name, lock=planned.lock)
        self.tofu.apply(work, planned.saved, digest(planned.saved), run, tell=self.seen.append)


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def radius(planned: Planned) -> infra_plan.Radius:
    return infra_plan.read(planned.document, Masker(b"k" * 16)).radius()


def program() -> Path:
    return layout(Settings()).bin / "tofu"


@pytest.fixture(params=["fake", pytest.param("real", marks=[pytest.mark.real, pytest.mark.slow])])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    if request.param == "fake":
        return Bench(FakeTofu(outputs={"name": "blue"}), FAKE, tmp_path)
    request.getfixturevalue("plane")
    return Bench(TofuProgram(SystemCommands(), str(program()), tmp_path, lock_seconds=0), REAL, tmp_path)


def test_an_environment_is_planned_applied_and_destroyed(bench: Bench) -> None:
    planned = bench.tofu.plan(bench.work(), bench.values())
    assert (radius(planned).create, planned.state.serial) == (1, 0)
    bench.apply(planned)
    assert {e["type"] for e in bench.seen} >= {"apply_start", "apply_complete", "change_summary"}
    told = tofu_events.read(bench.tofu.told("blue", "chg-1"))
    assert (told.complete, len(told.done), told.in_flight) == (True, 1, ())
    state = bench.tofu.state(bench.work())
    assert (len(state.addresses), dict(state.outputs), state.mark.serial) == (1, {"name": "blue"}, 1)
    again = bench.tofu.plan(bench.work(), bench.values())
    assert infra_plan.read(again.document, Masker(b"k" * 16)).changes_nothing
    end = bench.tofu.plan(bench.work(), bench.values(), destroy=True)
    assert radius(end).delete == 1
    bench.apply(end, "chg-2")
    assert bench.tofu.state(bench.work()).addresses == ()


def test_a_plan_writes_no_state_and_environments_are_apart(bench: Bench) -> None:
    bench.tofu.plan(bench.work(), bench.values())
    assert bench.tofu.state(bench.work()).mark.serial == 0
    bench.apply(bench.tofu.plan(bench.work(), bench.values()))
    assert bench.tofu.state(bench.work("green")).mark.serial == 0
    assert bench.tofu.told("green", "chg-1") == ()


def test_only_the_bytes_that_were_approved_are_applied(bench: Bench) -> None:
    planned = bench.tofu.plan(bench.work(), bench.values())
    with pytest.raises(StateError, match="not the one that was approved"):
        bench.tofu.apply(bench.work(), planned.saved + b"x", digest(planned.saved), "chg-1", tell=bench.seen.append)
    assert bench.tofu.state(bench.work()).mark.serial == 0


def test_a_resource_is_made_anew_when_asked(bench: Bench) -> None:
    bench.apply(bench.tofu.plan(bench.work(), bench.values()))
    addresses = bench.tofu.state(bench.work()).addresses
    planned = bench.tofu.plan(bench.work(), bench.values(), replace=addresses)
    [anew] = infra_plan.read(planned.document, Masker(b"k" * 16)).touched
    assert (anew.act, anew.reason) == ("replace", "asked for by -replace")
    bench.apply(planned, "chg-2")
    assert bench.tofu.state(bench.work()).addresses == addresses


def test_a_plan_is_applied_once(bench: Bench) -> None:
    planned = bench.tofu.plan(bench.work(), bench.values())
    bench.apply(planned)
    with pytest.raises(StateError, match="moved on"):
        bench.apply(planned, "chg-2")
    assert bench.tofu.state(bench.work()).mark.serial == 1


def test_a_value_that_is_refused_is_an_input_error_without_the_value(bench: Bench) -> None:
    with pytest.raises(InputError) as caught:
        bench.tofu.plan(bench.work(), bench.values(word="refused"), secrets=("refused",))
    assert caught.value.diagnostics().next


def test_it_says_its_version(bench: Bench) -> None:
    assert bench.tofu.version().startswith("OpenTofu 1.")


def test_a_locked_state_says_who_holds_it(bench: Bench) -> None:
    if isinstance(bench.tofu, FakeTofu):
        bench.tofu.locked.add("blue")
        with pytest.raises(ConflictError) as caught:
            bench.tofu.plan(bench.work(), bench.values())
        assert "holds its lock since" in caught.value.why
        return
    slow = 'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 8"\n  }\n}\n'
    planned = bench.tofu.plan(bench.work(more=slow), bench.values())
    thread = threading.Thread(
        target=lambda: bench.tofu.apply(
            bench.work(more=slow), planned.saved, digest(planned.saved), "chg-1", tell=bench.seen.append
        )
    )
    thread.start()
    deadline = time.monotonic() + 60
    while not any(e["type"] == "apply_start" for e in bench.seen):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(ConflictError) as caught:
        bench.tofu.plan(bench.work(), bench.values())
    thread.join()
    assert "OperationTypeApply" in caught.value.why
    assert "holds its lock since" in caught.value.why


KILLED = """
import sys
from pathlib import Path
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.tofu import TofuProgram
from conductor_core.ports.tofu import Workspace
program, home, folder, digest, lock = sys.argv[1:]
files = {name: Path(home, "files", name).read_bytes() for name in Path(home, "files.txt").read_text().split()}
tofu = TofuProgram(SystemCommands(), program, Path(home))
saved = Path(home, "saved").read_bytes()
tofu.apply(Workspace("blue", folder, files), saved, digest, "chg-1", tell=lambda e: print(e["type"], flush=True),
           inherit_fds=(int(lock),))
"""


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("plane")
def test_tofu_goes_on_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    tofu = TofuProgram(SystemCommands(), str(program()), tmp_path)
    slow = 'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 3"\n  }\n}\n'
    work = Workspace("blue", FOLDER, {f"{FOLDER}/main.tf": (REAL + slow).encode()})
    planned = tofu.plan(work, {"environment": "blue"})
    (tmp_path / "saved").write_bytes(planned.saved)
    for name, data in work.files.items():
        file = tmp_path / "files" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    (tmp_path / "files.txt").write_text("\n".join(work.files))
    lock = (tmp_path / "lock").open("w")
    argv = [
        sys.executable,
        "-c",
        KILLED,
        str(program()),
        str(tmp_path),
        FOLDER,
        digest(planned.saved),
        str(lock.fileno()),
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, pass_fds=(lock.fileno(),)) as started:
        assert started.stdout is not None
        for line in started.stdout:
            if line.startswith("apply_start"):
                break
        started.kill()
    lock.close()
    deadline = time.monotonic() + 60
    while not tofu_events.read(tofu.told("blue", "chg-1")).complete:
        assert time.monotonic() < deadline, tofu.told("blue", "chg-1")
        time.sleep(0.1)
    assert len(tofu.state(work).addresses) == 2


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("plane")
def test_a_plan_sees_nothing_of_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "apply-only")
    monkeypatch.setenv("PLAN_KEY", "read-only")
    seen: list[Mapping[str, str]] = []

    class Noting(SystemCommands):
        def run(self, argv: Any, **more: Any) -> Any:
            seen.append(more["env"])
            return super().run(argv, **more)

    tofu = TofuProgram(
        Noting(), str(program()), tmp_path, planning=Credentials(variables="PLAN_KEY:AWS_SECRET_ACCESS_KEY")
    )
    tofu.plan(Workspace("blue", FOLDER, {f"{FOLDER}/main.tf": REAL.encode()}), {"environment": "blue"})
    assert {env["AWS_SECRET_ACCESS_KEY"] for env in seen} == {"read-only"}
    assert not any("PLAN_KEY" in env or "CONDUCTOR_HOME" in env for env in seen)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("plane")
@pytest.mark.parametrize("named", ["", "HOME"])
def test_an_apply_has_a_home_of_its_own_unless_the_worker_s_is_named(named: str, tmp_path: Path) -> None:
    seen: list[str] = []

    class Noting(SystemCommands):
        def run(self, argv: Any, **more: Any) -> Any:
            seen.append(more["env"]["HOME"])
            return super().run(argv, **more)

    tofu = TofuProgram(Noting(), str(program()), tmp_path, applying=Credentials(variables=named))
    work = Workspace("blue", FOLDER, {f"{FOLDER}/main.tf": b'resource "terraform_data" "a" { input = 1 }'})
    planned = tofu.plan(work, {})
    del seen[:]
    tofu.apply(work, planned.saved, digest(planned.saved), "chg-1", tell=lambda _: None)
    assert seen
    assert {home == os.environ["HOME"] for home in seen} == {bool(named)}
    assert named or all(Path(home).is_relative_to(tmp_path) for home in seen)


NESTED = """
variable "environment" { type = string }
variable "pools" {
  type = map(object({ size = optional(number, 2), taints = optional(list(object({ key = string })), []) }))
  default = { a = {}, b = { taints = [{ key = "x" }] } }
}
module "part" {
  source   = "../../modules/part"
  for_each = var.pools
  size     = each.value.size
}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
resource "terraform_data" "NAME" { input = { deep = [{ one = 1 }] } }
resource "terraform_data" "after" { input = module.part["a"].id }
"""
OLD = 'resource "terraform_data" "old" { input = { deep = [{ one = 1 }] } }\n'
PART = """
variable "size" {}
resource "terraform_data" "x" { input = var.size }
output "id" { value = terraform_data.x.id }
"""


@pytest.mark.real
@pytest.mark.slow
def test_modules_nested_types_unknown_values_and_moved_blocks_are_read_rightly(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.getfixturevalue("plane")
    tofu, masker = TofuProgram(SystemCommands(), str(program()), tmp_path, lock_seconds=0), Masker(b"k" * 16)

    def work(name: str) -> Workspace:
        head = NESTED.split("moved {")[0]
        root = NESTED.replace("NAME", "new") if name == "new" else head + OLD
        files = {f"{FOLDER}/main.tf": root.encode(), "infra/terraform/modules/part/main.tf": PART.encode()}
        return Workspace("blue", FOLDER, files)

    first = tofu.plan(work("old"), {"environment": "blue"})
    tofu.apply(work("old"), first.saved, digest(first.saved), "chg-1", tell=lambda _: None)
    review = infra_plan.read(tofu.plan(work("new"), {"environment": "blue"}).document, masker)
    by_address = {r.address: r for r in review.resources}
    assert by_address["terraform_data.new"].moved_from == "terraform_data.old"
    assert by_address["terraform_data.after"].act == "create"
    assert by_address['module.part["a"].terraform_data.x'].module == 'module.part["a"]'
    bigger = {"environment": "blue", "pools": {"a": {"size": 3}, "c": {}}}
    changed = infra_plan.read(tofu.plan(work("new"), bigger).document, masker)
    acts = {r.address: r.act for r in changed.resources}
    assert acts['module.part["a"].terraform_data.x'] == "update"
    assert acts['module.part["b"].terraform_data.x'] == "delete"
    made = next(r for r in changed.resources if r.address == 'module.part["c"].terraform_data.x')
    assert made.after is not None
    assert made.after["id"] == infra_plan.UNKNOWN


@pytest.mark.real
@pytest.mark.slow
def test_every_test_of_our_modules_passes(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    config = request.getfixturevalue("plane").tofu_config
    shutil.copytree(PROJECT_ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns(".terraform*", "local"))
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(config)}
    home = tmp_path / "infra" / "terraform"
    for module in sorted([*home.glob("modules/*"), *home.glob("blueprints/*")]):
        for words in (["init", "-input=false"], ["test", "-json"]):
            ended = subprocess.run(
                [program(), *words], cwd=module, env=env, capture_output=True, text=True, check=False
            )
            assert ended.returncode == 0, (module.name, ended.stdout[-2000:], ended.stderr[-1000:])
        summary = [json.loads(line) for line in ended.stdout.splitlines() if '"test_summary"' in line][-1]
        assert summary["test_summary"]["passed"] > 0, module.name
