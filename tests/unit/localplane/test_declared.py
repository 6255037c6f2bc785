"""What the plane declares: loopback only, everything below the home, each need declared, no port twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from conductor_core.errors import ConfigurationError
from conductor_core.localplane import argo, certificates, declared
from conductor_core.localplane import layout as layouts
from conductor_core.localplane.layout import Layout
from conductor_core.localplane.processes import ProcessSet
from conductor_core.localplane.programs import CATALOGUE, Programs
from conductor_core.settings import Settings

PORTS = {name: 20000 + n for n, name in enumerate(declared.PORTS)}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = layouts.of(Settings(home=tmp_path / "home"))
    made.make()
    certificates.ensure(made)
    declared.write_configuration(made, PORTS)
    return made


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    (tmp_path / "bin").mkdir()
    for program in CATALOGUE:
        (tmp_path / "bin" / program.name).touch()
    return Programs(tmp_path / "bin", tmp_path / "assets")


@pytest.fixture
def plane(layout: Layout, programs: Programs) -> ProcessSet:
    return declared.process_set(layout, programs, PORTS)


def test_each_need_is_declared_and_can_be_met(plane: ProcessSet) -> None:
    started: set[str] = set()
    waiting = list(plane.processes)
    while waiting:
        able = [p for p in waiting if set(p.after) <= started]
        assert able, f"these wait for one another: {[p.name for p in waiting]}"
        started |= {p.name for p in able}
        waiting = [p for p in waiting if p not in able]


def test_every_process_has_a_probe_or_is_a_task(plane: ProcessSet) -> None:
    assert [p.name for p in plane.processes if p.ready is None and not p.once] == []


def test_no_argument_names_another_address(plane: ProcessSet) -> None:
    for process in plane.processes:
        text = " ".join(process.argv)
        assert "0.0.0.0" not in text
        assert set(re.findall(r"\d+\.\d+\.\d+\.\d+", text)) <= {"127.0.0.1", "10.96.0.0"}


def test_every_port_is_used(plane: ProcessSet, layout: Layout) -> None:
    said = plane.as_json() + "".join(p.read_text() for p in layout.config.iterdir())
    assert [name for name, port in PORTS.items() if str(port) not in said] == []


def test_two_homes_declare_different_files(plane: ProcessSet, programs: Programs, tmp_path: Path) -> None:
    other = layouts.of(Settings(home=tmp_path / "other"))
    other.make()
    certificates.ensure(other)
    declared.write_configuration(other, PORTS)
    text = declared.process_set(other, programs, PORTS).as_json()
    assert str(tmp_path / "home") not in text


def test_the_password_of_valkey_is_no_argument(plane: ProcessSet, layout: Layout) -> None:
    password = (layout.pki / "redis-password").read_text()
    assert all(password not in " ".join(p.argv) for p in plane.processes)
    assert (layout.config / "valkey.conf").stat().st_mode & 0o777 == 0o600


def test_prometheus_keeps_the_labels_of_what_it_scrapes(layout: Layout) -> None:
    body = yaml.safe_load((layout.config / "prometheus.yaml").read_text())
    jobs = {j["job_name"]: j for j in body["scrape_configs"]}
    assert jobs["simulator"]["honor_labels"] is True
    assert jobs["simulator"]["static_configs"][0]["targets"] == [f"127.0.0.1:{PORTS['simulator']}"]


def test_a_missing_program_is_named(layout: Layout, programs: Programs) -> None:
    (programs.bin / "kwok").unlink()
    with pytest.raises(ConfigurationError, match="kwok isn't built"):
        declared.process_set(layout, programs, PORTS)


def test_a_long_home_still_gets_a_short_socket(tmp_path: Path) -> None:
    long = Layout(tmp_path / ("x" * 120), tmp_path)
    assert len(argo.socket_path(long)) < 100
    assert argo.socket_path(long) != argo.socket_path(Layout(tmp_path / ("y" * 120), tmp_path))
