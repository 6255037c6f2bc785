"""The house's own rules: names, sizes, mirrors, and words that must not stand in the repository."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from conductor_core.settings import PROJECT_ROOT

TOP = {"app", "pages", "runbooks", "notebooks", "conductor_core", "helm", "policies", "infra", "data", "tests", "docs"}
CEILING = 300


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [PROJECT_ROOT / name for name in listed.split("\0") if name and (PROJECT_ROOT / name).is_file()]


def test_top_level_folders() -> None:
    folders = {path.relative_to(PROJECT_ROOT).parts[0] for path in tracked("*/*")}
    assert folders - {".ci", ".streamlit"} <= TOP


@pytest.mark.parametrize("path", tracked("conductor_core/*.py") + tracked("app/*.py") + tracked("pages/*.py"), ids=str)
def test_a_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= CEILING
    if text.strip():
        assert ast.get_docstring(ast.parse(text))


def test_ports_have_at_most_six_methods() -> None:
    for path in tracked("conductor_core/ports/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(getattr(b, "id", "") == "Protocol" for b in node.bases):
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                acts = [m for m in methods if not any(getattr(d, "id", "") == "property" for d in m.decorator_list)]
                assert len(acts) <= 6, f"{path.name}: {node.name}"
                assert all(ast.get_docstring(m) for m in methods), f"{path.name}: {node.name}"


def test_unit_tests_mirror_the_source() -> None:
    root = PROJECT_ROOT / "tests" / "unit"
    for path in tracked("tests/unit/*.py"):
        relative = path.relative_to(root)
        if not relative.name.startswith("test_"):
            continue
        stem = relative.stem.removeprefix("test_")
        home = PROJECT_ROOT / "conductor_core" / relative.parent
        exists = any((home / name).exists() for name in (f"{stem}.py", stem))
        assert exists or stem.startswith(tuple(p.stem for p in home.glob("*.py"))), f"{relative} mirrors nothing"


def test_pages_are_layout_only() -> None:
    for path in tracked("pages/*.py"):
        text = path.read_text(encoding="utf-8")
        assert "conductor_core.adapters" not in text
        assert "conductor_core.ports" not in text
        assert "unsafe_allow_html" not in text


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    split = ("py pi.org", "pythonhosted .org", "proxy. golang.org", "registry.npm js.org", "/work /main")
    hosts = [name.replace(" ", "") for name in split]
    for path in tracked("*"):
        if path.suffix in {".png", ".ico", ".woff2", ".lock", ".sum"}:
            text = path.read_bytes().decode("utf-8", errors="ignore")
        else:
            text = path.read_text(encoding="utf-8", errors="ignore")
        for host in hosts:
            assert host not in text, f"{path.relative_to(PROJECT_ROOT)} names {host}"


def test_every_ignore_has_a_reason() -> None:
    for path in tracked("conductor_core/*.py") + tracked("app/*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(r"#\s*(type: ignore|noqa)", line):
                assert re.search(r"(type: ignore\[[\w, -]+\]|noqa: [A-Z]+\d+)(\s+#\s*\S.*)", line), f"{path}:{number}"
