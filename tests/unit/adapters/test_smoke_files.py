"""Files of suites: the shipped ones are good, a bad one is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.adapters.smoke_files import SmokeFolder
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.errors import NotFoundError
from conductor_core.settings import PROJECT_ROOT

GOOD = "title: Shop\npurpose: Try it.\nbase: shop\nchecks:\n  - name: one\n    http: {path: /}\n"


def folder(tmp_path: Path, **files: str) -> SmokeFolder:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return SmokeFolder(tmp_path, YamlDocuments())


def test_the_shipped_suites_are_good() -> None:
    found = SmokeFolder(PROJECT_ROOT / "runbooks" / "smoke", YamlDocuments()).suites()
    assert found.broken == ()
    suite = found.suites["intelgraph-api"]
    assert (suite.base, suite.before, suite.after, suite.concurrency) == ("intelgraph", "warn", True, 4)
    assert [c.name for c in suite.checks] == ["health", "graphql-health", "graphql-entities"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("base: shop\n", ""), "'base' is a required property"),
        (GOOD + "load: {concurrency: 900}\n", "Line 7: load/concurrency"),
        (GOOD + "more: 1\n", "'more' was unexpected"),
        (GOOD.replace("path: /", "path: http://elsewhere/"), "does not match '^/'"),
        (GOOD + "k6: x.js\n", "is valid under each of"),
        (GOOD.replace("path: /", "path: '/{id}'"), "is no field of a data row"),
        ("[", "can't be read as YAML"),
    ],
)
def test_a_bad_suite_is_named_and_the_others_work(tmp_path: Path, text: str, said: str) -> None:
    found = folder(tmp_path, good=GOOD, bad=text).suites()
    assert list(found.suites) == ["good"]
    (broken,) = found.broken
    assert broken.file == "bad.yaml"
    assert said in broken.problem


def test_a_script_lies_beside_its_suite(tmp_path: Path) -> None:
    head = "title: Load\npurpose: Try it.\nbase: shop\n"
    shelf = folder(tmp_path, load=head + "k6: load.js\n", out=head + "k6: a/../../load.js\n")
    (tmp_path / "load.js").write_text("export default function () {}")
    assert shelf.script(shelf.suites().suites["load"]) == str((tmp_path / "load.js").resolve())
    with pytest.raises(NotFoundError):
        shelf.script(shelf.suites().suites["out"])
