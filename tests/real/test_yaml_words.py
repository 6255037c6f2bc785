"""Words and numbers of YAML are read as the real kubectl and helm read them, as values and as keys."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.difference import diff
from conductor_core.errors import InputError
from conductor_core.localplane.layout import Endpoints
from tests.unit.adapters.yaml_words import KEYS, REFUSED, WORDS

pytestmark = pytest.mark.real

LISTED = "".join(f"  - {word}\n" for word in WORDS)
OBJECT = (
    "apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: words}\nrevision: 1\n"
    f"data:\n  words:\n{LISTED}  keys:\n" + "".join(f"    - {{{key}: 1}}\n" for key in KEYS)
)
TEMPLATE = (
    "kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\ndata: {told: {{ fromYaml .Values.text | toJson | quote }}}\n"
)


def test_as_kubectl_reads_them(plane: Endpoints) -> None:
    argv = [str(plane.bin / "kubectl"), "patch", "--local", "-f", "-", "--type=merge", "-o", "json"]
    argv += ["-p", json.dumps({"metadata": {"labels": {"a": "b"}}})]
    told = subprocess.run(argv, input=OBJECT, text=True, capture_output=True, check=True).stdout
    (ours,) = YamlDocuments().load_all(OBJECT, "x")
    assert isinstance(ours, dict)
    assert diff(ours["data"], json.loads(told)["data"]) == ()


def test_as_helm_reads_them(plane: Endpoints, tmp_path: Path) -> None:
    """All but whole numbers beyond 2^53, which helm's own function makes fractions of."""
    small = [w for w, value in WORDS.items() if not isinstance(value, int | float) or abs(value) < 2**53]
    chart, text = tmp_path / "c", "words:\n" + "".join(f"  - {word}\n" for word in small)
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    (chart / "templates" / "told.yaml").write_text(TEMPLATE)
    (chart / "values.yaml").write_text(json.dumps({"text": text}))
    argv = [str(plane.bin / "helm"), "template", "x", str(chart)]
    told = subprocess.run(argv, text=True, capture_output=True, check=True).stdout
    (shown,) = YamlDocuments().load_all(told, "x")
    assert isinstance(shown, dict)
    assert diff(YamlDocuments().load(text.encode(), "x"), json.loads(shown["data"]["told"])) == ()


@pytest.mark.parametrize("word", REFUSED)
def test_what_json_has_not_is_refused_by_both(plane: Endpoints, tmp_path: Path, word: str) -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{a: {word}}}\n"
    argv = [str(plane.bin / "kubectl"), "patch", "--local", "-f", "-", "--type=merge", "-o", "json", "-p", "{}"]
    told = subprocess.run(argv, input=text, text=True, capture_output=True, check=False)
    assert "json: unsupported value" in told.stderr
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    (tmp_path / "templates" / "x.yaml").write_text(text)
    argv = [str(plane.bin / "helm"), "template", "x", str(tmp_path)]
    told = subprocess.run(argv, text=True, capture_output=True, check=False)
    assert "json: unsupported value" in told.stderr
    with pytest.raises(InputError):
        YamlDocuments().load_all(text, "x")
