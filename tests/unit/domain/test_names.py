"""Names that reach a command line or a path: valid ones pass, whatever could be more than a name doesn't."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain import names
from conductor_core.errors import InputError

CHECKS: list[Callable[[str], str]] = [
    names.release_name, names.namespace, names.object_name, names.channel, names.branch, names.commit, names.set_key,
    names.operation_id,
]  # fmt: skip
HOSTILE = ["", "-x", "--set=a=b", "a b", "a\nb", "a\0b", "a;b", "$(id)", "../x", "é", "a" * 500]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_names_are_refused(check: Callable[[str], str], value: str) -> None:
    with pytest.raises(InputError) as caught:
        check(value)
    assert caught.value.why


@given(st.text(max_size=30), st.sampled_from(CHECKS))
def test_what_passes_can_be_no_option_and_holds_no_space(value: str, check: Callable[[str], str]) -> None:
    try:
        passed = check(value)
    except InputError:
        return
    assert passed == value
    assert not value.startswith("-")
    assert value.isascii()
    assert value.isprintable()
    assert " " not in value


GOOD: list[tuple[Callable[[str], str], str]] = [
    (names.release_name, "intelgraph"), (names.release_name, "a.b-1"), (names.namespace, "shop-dev"),
    (names.object_name, "sh.helm.release.v1.x.v1"), (names.channel, "staging"), (names.branch, "feature/x_1.2"),
    (names.branch, "HEAD"), (names.commit, "0123abc"), (names.set_key, "a.b[0].c"), (names.set_key, "x\\.y/z"),
    (names.operation_id, "chg-1:upgrade.0"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "value"), GOOD)
def test_good_names_pass(check: Callable[[str], str], value: str) -> None:
    assert check(value) == value


@pytest.mark.parametrize("value", ["a..b", "a@{1}", "x.lock", "x.lock/y", "/a", "a//b", "a.", ".a", "a/.b"])
def test_branches_that_git_reads_otherwise_are_refused(value: str) -> None:
    with pytest.raises(InputError):
        names.branch(value)


@pytest.mark.parametrize(("value", "clean"), [("", "."), (".", "."), ("a/b", "a/b"), ("a/", "a"), ("a b/ü", "a b/ü")])
def test_paths_inside_the_repository(value: str, clean: str) -> None:
    assert names.inner_path(value) == clean


@pytest.mark.parametrize("value", ["/a", "..", "a/../b", "./a", "a//b", ".git/x", "a/.GIT", "a\\b", "c:x", "a\nb"])
def test_paths_that_could_leave_it(value: str) -> None:
    with pytest.raises(InputError):
        names.inner_path(value)
