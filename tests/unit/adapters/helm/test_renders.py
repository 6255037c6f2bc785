"""Renders are kept by everything that they are made from, and never when they may differ or hold what was typed."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from conductor_core.adapters.helm.renders import KeptRenders, KnownVersion, looks_up
from conductor_core.ports.helm import ChartInfo, ChartRequest, Rendered
from conductor_core.ports.post_renders import PostRender

MADE = Rendered(ChartInfo("shop", "1.0.0", "2"), "---\na: 1\n", "", "")


class Shop:
    """A chart with a template and values, a program, and a folder of renders."""

    def __init__(self, folder: Path) -> None:
        self.chart, self.values, self.program = folder / "shop", folder / "values.yaml", folder / "helm"
        (self.chart / "templates").mkdir(parents=True)
        self.template = self.chart / "templates" / "map.yaml"
        self.template.write_text("a: {{ .Values.a }}\n")
        self.values.write_text("a: 1\n")
        self.program.write_text("x")
        self.kept = KeptRenders(folder / "renders")
        self.request = ChartRequest(self.chart, "shop", "dev", (self.values,), {}, "v1.34.0", ("v1",))

    def name(self, **more: object) -> str:
        return self.kept.name(self.program, self.chart, replace(self.request, **more))  # type: ignore[arg-type]  # tests give the right ones


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_render_is_found_again_by_another_process_and_for_its_owner_alone(shop: Shop, tmp_path: Path) -> None:
    assert shop.kept.get(shop.name()) is None
    shop.kept.put(shop.name(), MADE)
    assert KeptRenders(tmp_path / "renders").get(shop.name()) == MADE
    (file,) = (tmp_path / "renders").iterdir()
    assert (file.stat().st_mode & 0o077, file.parent.stat().st_mode & 0o077) == (0, 0)
    file.write_text("{")
    assert shop.kept.get(shop.name()) is None


def test_its_documents_come_back_as_they_were_parsed(shop: Shop) -> None:
    documents: tuple[object, ...] = ({"a": [1, 1.5, True, None, "on"]}, None)
    shop.kept.put("one", replace(MADE, parsed=(documents, (), ())))
    assert (found := shop.kept.get("one")) is not None
    assert found.parsed == (documents, (), ())
    shop.kept.put("two", replace(MADE, parsed=(({"is no JSON": {1, 2}},), (), ())))
    assert (found := shop.kept.get("two")) is not None
    assert found.parsed == (), "then the text is parsed anew"


def test_equal_documents_of_two_renders_are_one_and_true_is_not_one(shop: Shop, tmp_path: Path) -> None:
    shop.kept.put("one", replace(MADE, parsed=(({"a": 1}, {"b": True}), ({"c": "\u2028"},), ())))
    shop.kept.put("two", replace(MADE, parsed=(({"a": 1}, {"b": 1}), (), ({"a": 1},))))
    kept = KeptRenders(tmp_path / "renders")
    one, two = kept.get("one"), kept.get("two")
    assert one is not None
    assert two is not None
    assert one.parsed == (({"a": 1}, {"b": True}), ({"c": "\u2028"},), ())
    assert one.parsed[0][0] is two.parsed[0][0] is two.parsed[2][0]
    assert repr(two.parsed[0][1]) == "{'b': 1}"


def test_a_file_that_lacks_a_document_is_not_read(shop: Shop, tmp_path: Path) -> None:
    shop.kept.put("one", replace(MADE, parsed=(({"a": 1}, {"b": 2}), (), ())))
    file = tmp_path / "renders" / "one"
    file.write_text(file.read_text().rpartition("\n")[0])
    assert shop.kept.get("one") is None


def test_each_thing_that_it_is_made_from_names_it(shop: Shop) -> None:
    seen = {shop.name()}
    seen.add(shop.name(release="other"))
    seen.add(shop.name(namespace="other"))
    seen.add(shop.name(kube_version="v1.35.0"))
    seen.add(shop.name(api_versions=("v1", "apps/v1")))
    seen.add(shop.name(values=()))
    assert shop.name(post=PostRender("x", shop.program, (), None, "d")) == "", "what a post-renderer made is not kept"
    shop.template.write_text("a: {{ .Values.b }}\n")
    seen.add(shop.name())
    (shop.chart / "templates" / "more.yaml").write_text("b: 1\n")
    seen.add(shop.name())
    shop.values.write_text("a: 2\n")
    seen.add(shop.name())
    shop.program.write_text("another")
    seen.add(shop.name())
    assert len(seen) == 10
    assert "" not in seen


DRAWN = """{{ randAlphaNum 8 }}|{{ now }}|{{ htmlDate . }}|{{ dict "a" "}" "b" (shuffle "x") }}|{{ genCA 1 2 }}|{{ $k :=
  genSignedCert 1 -}}|{{ uuidv4 }}"""


@pytest.mark.parametrize("template", DRAWN.split("|"))
def test_what_may_differ_each_time_is_never_kept(shop: Shop, template: str) -> None:
    shop.template.write_text(template)
    assert shop.name() == ""
    shop.template.write_text("a: now, with randAlphaNum, as plain text\n")
    assert shop.name()
    shop.values.write_text(f"greeting: '{template}'\n")
    assert shop.name() == "", "a chart may render its values with tpl"


def test_packed_charts_are_looked_into_and_typed_values_are_never_kept(shop: Shop) -> None:
    inner = shop.chart / "charts" / "lib-1.0.0.tgz"
    inner.parent.mkdir()
    inner.write_bytes(gzip.compress(b"a: {{ .Values.a }}"))
    assert shop.name()
    inner.write_bytes(gzip.compress(b"a: {{ randBytes 4 }}"))
    assert shop.name() == ""
    inner.write_bytes(b"no archive")
    assert shop.name() == ""
    inner.unlink()
    assert shop.name(sets={"password": "typed"}) == ""
    assert shop.kept.name(None, shop.chart, shop.request) == ""
    shop.kept.put("", MADE)
    assert shop.kept.get("") is None


def test_the_ones_not_asked_for_longest_go_first(tmp_path: Path) -> None:
    kept, made = KeptRenders(tmp_path / "renders", cap=760), replace(MADE, manifests="x" * 100)
    for at, name in enumerate(("a", "b", "c")):
        kept.put(name, made)
        os.utime(tmp_path / "renders" / name, (at, at))
    assert kept.get("a") == made
    size = (tmp_path / "renders" / "a").stat().st_size
    KeptRenders(tmp_path / "renders", cap=3 * size).put("d", made)
    assert [kept.get(name) is not None for name in "abcd"] == [True, False, True, True]


def test_a_version_is_known_for_the_same_program_only(tmp_path: Path) -> None:
    program, known = tmp_path / "helm", KnownVersion(tmp_path / "made" / "version.json")
    program.write_text("x")
    assert known.of(program) == ""
    known.keep(program, "3.19.5")
    assert KnownVersion(tmp_path / "made" / "version.json").of(program) == "3.19.5"
    program.write_text("another one")
    assert (known.of(program), known.of(None)) == ("", "")
    known.keep(None, "4")
    (tmp_path / "made" / "version.json").write_text("[]")
    assert known.of(program) == ""


def test_a_chart_that_asks_the_cluster_is_known_by_its_templates(shop: Shop) -> None:
    shop.template.write_text('a: {{ (lookup "v1" "Secret" "ns" "s").data }}\n')
    assert looks_up(shop.chart)
    shop.template.write_text("a: {{ .Values.lookup }} # lookup (of a kind)\n")
    (shop.chart / "README.md").write_text('{{ lookup "v1" "Secret" "" "" }}')
    inner = shop.chart / "charts" / "sub-1.0.0.tgz"
    inner.parent.mkdir()
    inner.write_bytes(b"no archive")
    assert not looks_up(shop.chart)
    inner.write_bytes(gzip.compress(b'{{ $s := lookup "v1" "Secret" "" "" }}'))
    assert looks_up(shop.chart)
