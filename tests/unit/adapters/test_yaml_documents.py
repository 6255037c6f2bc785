"""Strangers' YAML: read as Kubernetes reads it, refused in our words when it can't be."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.difference import same
from conductor_core.errors import InputError
from tests.unit.adapters.yaml_words import KEYS, REFUSED, WORDS

DOCUMENTS = YamlDocuments()

SCALARS = [
    ("1:30", "1:30"),
    ("2020-01-01", "2020-01-01"),
    ("1e3", 1000.0),
    ("0644", 420),
    ("0o17", 15),
    ("0x1F", 31),
    ("089", 89.0),
    ("1_000", 1000),
    ("-5", -5),
    ("-.5", -0.5),
    ("1.10", 1.1),
    ("1.2.3", "1.2.3"),
    (".", "."),
    ("0x_", "0x_"),
    ("yes", True),
    ("off", False),
    ("~", None),
    ("", None),
    ("'yes'", "yes"),
    ("<<", "<<"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars_are_read_as_kubernetes_reads_them(text: str, value: object) -> None:
    (got,) = DOCUMENTS.load_all(f"k: {text}\n", "x") if text != "<<" else ({"k": "<<"},)
    assert got == {"k": value}
    assert isinstance(got, dict)
    assert type(got["k"]) is type(value)


BAD = [
    (b"a: 1\na: 2", r"Line 2, column 1: the key 'a' is given twice"),
    (b"a: &x [*x]", "nested deeper"),
    (b"a: !!python/object:os.system 1", "could not determine a constructor"),
    (b"[" * 5000, "maximum nesting depth"),
    (b"[" * 300 + b"]" * 300, "nested deeper than 200"),
    (b"\xff", "isn't UTF-8"),
    (b"? [a]\n: 1", "a key must be text"),
    (b"a: {{ .Values.x }}", "a key must be text"),
    (b"a: [", "Line 2"),
    (b"a: 1\n---\nb: 2", "document"),
    (b"x" * (16 * 1024 * 1024 + 1), "the cap is"),
]


@pytest.mark.parametrize(("data", "why"), BAD)
def test_bad_text_is_our_error_with_the_place(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=r"values\.yaml can't be read as YAML") as caught:
        DOCUMENTS.load(data, "values.yaml")
    assert re.search(why, caught.value.why)


def test_a_bomb_of_aliases_is_refused() -> None:
    levels = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    with pytest.raises(InputError) as caught:
        DOCUMENTS.load("\n".join(levels).encode(), "bomb")
    assert "aliases" in caught.value.why


@pytest.mark.parametrize(("text", "value"), WORDS.items())
def test_words_are_what_kubectl_and_helm_make_of_them(text: str, value: object) -> None:
    got = DOCUMENTS.load(f"v: {text}\n".encode(), "x")
    assert isinstance(got, dict)
    assert same(got["v"], value), got


@pytest.mark.parametrize("word", REFUSED)
def test_what_json_has_no_number_for_is_refused(word: str) -> None:
    with pytest.raises(InputError) as caught:
        DOCUMENTS.load(f"a:\n- {word}\n".encode(), "x")
    assert caught.value.why.startswith("Line 2, column 3:")
    assert DOCUMENTS.load(DOCUMENTS.dump({"a": word}).encode(), "x") == {"a": word}, "as text it is quoted"


@pytest.mark.parametrize(("text", "key"), KEYS.items())
def test_keys_are_what_they_are_in_the_cluster(text: str, key: str) -> None:
    data = f"{text}: {{a: 1}}\n".encode()
    assert DOCUMENTS.load(data, "x") == {key: {"a": 1}}
    assert DOCUMENTS.lines(data, "x") == {(key,): 1, (key, "a"): 1}
    assert DOCUMENTS.load(DOCUMENTS.put(data, (key, "a"), 2, "x"), "x") == {key: {"a": 2}}


def test_merge_keys_and_honest_aliases_work() -> None:
    got = DOCUMENTS.load(b"base: &b {x: 1, z: 1}\nmine: {<<: *b, z: 2}\n", "x")
    assert got == {"base": {"x": 1, "z": 1}, "mine": {"x": 1, "z": 2}}


def test_a_stream_leaves_empty_documents_out_and_keeps_order() -> None:
    text = "---\n# Source: a\na: 1\n---\n\n---\n# only a comment\n--- # next\nb: |\n  --- not a separator\n"
    assert DOCUMENTS.load_all(text, "x") == ({"a": 1}, {"b": "--- not a separator\n"})


def test_an_equal_document_is_parsed_once() -> None:
    documents = YamlDocuments()
    first, second = documents.load_all("a: {b: 1}\n", "x"), documents.load_all("a: {b: 1}\n", "y")
    assert first[0] is second[0]


leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20)
trees = st.recursive(
    leaves, lambda c: st.lists(c, max_size=4) | st.dictionaries(st.text(max_size=8), c, max_size=4), max_leaves=20
)


@given(trees)
def test_what_is_written_reads_back(tree: object) -> None:
    tree = {"root": tree}
    assert DOCUMENTS.load(DOCUMENTS.dump(tree).encode(), "x") == tree


@pytest.mark.parametrize("text", ["1e3", "0o17", "yes", "y", "2020-01-01", "1:30", "<<", "null", "", ".5", "a\nb"])
def test_texts_that_look_like_something_else_are_quoted(text: str) -> None:
    assert DOCUMENTS.load(DOCUMENTS.dump({"k": text}).encode(), "x") == {"k": text}


@pytest.mark.parametrize(
    ("text", "path", "value", "after"),
    [
        ("a: 1\nb: 2  # why\n", ("b",), 3, "a: 1\nb: 3  # why\n"),
        ("a:\n  b: 1\n  # last words\nc: 2\n", ("a", "d"), "x", "a:\n  b: 1\n  d: x\n  # last words\nc: 2\n"),
        ("a:\n  - 1\n  - 2\n# on\nb: 2\n", ("a",), [3], "a:\n- 3\n# on\nb: 2\n"),
        ("a: {b: [1, 2]}  # as it was\n", ("a", "b"), [1, 2], "a: {b: [1, 2]}  # as it was\n"),
        ("", ("a", "b"), True, "a:\n  b: true\n"),
        ("a: {b: 1}\n", ("a",), {"b": 2}, "a: {b: 2}\n"),
        ("a: {b: 1}\n", ("a",), {"c": 2}, "a:\n  c: 2\n"),
        (
            "steps:  # of a wave\n  - {setWeight: 10}  # few\n  - pause: {duration: 5m}\n  - setWeight: 50\n",
            ("steps",),
            [{"setWeight": 20}, {"pause": {"duration": "10m"}}, {"setWeight": 50}],
            "steps:  # of a wave\n  - {setWeight: 20}  # few\n  - pause: {duration: 10m}\n  - setWeight: 50\n",
        ),
        ("a: &x {b: 1}\nc: {d: *x, e: 1}\n", ("c", "e"), 2, "a: &x {b: 1}\nc: {d: *x, e: 2}\n"),
        ("a:\n  - |\n    long\n  - 1\nb: 1\n", ("a",), ["short", 1], "a:\n- short\n- 1\nb: 1\n"),
        ("a: 1", ("b",), "1.0", "a: 1\nb: '1.0'\n"),
        ("a: {tag: 1.0, b: 2}  # c\n", ("a", "tag"), "1.10", "a: {tag: '1.10', b: 2}  # c\n"),
        ("a: {b: {tag: x}}\nc: 1\n", ("a", "b", "tag"), "1.4.3", "a: {b: {tag: 1.4.3}}\nc: 1\n"),
        ('a: {tag: "x"}\n', ("a", "tag"), "y, z]", "a: {tag: 'y, z]'}\n"),
    ],
)
def test_one_value_is_put_and_the_rest_stays(text: str, path: tuple[str, ...], value: object, after: str) -> None:
    assert YamlDocuments().put(text.encode(), path, value, "values.yaml").decode() == after


numbers = st.recursive(
    st.integers(0, 9), lambda c: st.lists(c, min_size=1, max_size=3) | st.dictionaries(st.sampled_from("abc"), c)
)


@given(numbers, st.booleans())
def test_other_numbers_in_the_same_places_change_no_other_character(tree: object, flow: bool) -> None:
    def more(value: object) -> object:
        if isinstance(value, dict):
            return {k: more(v) for k, v in value.items()}
        return [more(v) for v in value] if isinstance(value, list) else (int(str(value)) + 1) % 10

    text = yaml.safe_dump({"root": tree, "rest": 1}, default_flow_style=flow)
    after = DOCUMENTS.put(text.encode(), ("root",), more(tree), "x").decode()
    assert DOCUMENTS.load(after.encode(), "x") == {"root": more(tree), "rest": 1}
    assert re.sub("[0-9]", "n", after) == re.sub("[0-9]", "n", text)


@pytest.mark.parametrize(
    ("text", "path"), [("a: &x {b: 1}\nc: *x\n", ("a", "b")), ("a: {b: 1, c: 2}\n", ("a", "d")), ("a:\n", ("a", "b"))]
)
def test_what_can_not_be_put_alone_is_refused(text: str, path: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        YamlDocuments().put(text.encode(), path, 7, "values.yaml")


DEEP = [
    "[" * 150 + "]" * 150,
    "".join(f"{' ' * n}a:\n" for n in range(205)),
    "".join(f"{' ' * n}- a:\n{' ' * n}  -\n" for n in range(0, 420, 4)),
    "- " * 205 + "x",
]


@pytest.mark.parametrize("text", DEEP)
def test_what_is_deep_is_counted_however_it_is_written(text: str) -> None:
    if text.startswith("[["):
        assert DOCUMENTS.load(text.encode(), "x") is not None, "150 levels are allowed"
    else:
        with pytest.raises(InputError, match=r"nested deeper|can't be read"):
            DOCUMENTS.load(text.encode(), "x")
