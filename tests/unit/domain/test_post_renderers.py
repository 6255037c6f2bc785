"""Who may be named as a post-renderer, with what, and how a release that had one is known."""

from __future__ import annotations

import pytest

from conductor_core.domain import channels
from conductor_core.domain.post_renderers import PostRenderer, allowed, command, declared, unknown_note
from conductor_core.errors import InputError, RefusedError

CHANNEL = {"branch": "main", "namespace": "shop", "tier": "dev"}


def test_a_channels_own_beats_the_releases_and_false_has_none() -> None:
    entry = {"name": "labels", "args": ["team=core"]}
    shop = {
        "chart": "helm/shop",
        "post_renderer": "overlay",
        "channels": {
            "dev": CHANNEL,
            "qa": CHANNEL | {"namespace": "qa", "post_renderer": entry},
            "prod": CHANNEL | {"namespace": "prod", "post_renderer": False},
        },
    }
    (spec,) = channels.parse({"releases": {"shop": shop}}, "x").releases
    assert [c.post for c in spec.channels] == [PostRenderer("overlay"), PostRenderer("labels", ("team=core",)), None]


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "/bin/sh"},
        {"name": "overlay", "args": ["--exec=x"]},
        {"name": "overlay", "args": ["a;b"]},
        {"name": "overlay", "args": "prod"},
        {"name": "overlay", "folder": "../elsewhere"},
        {"name": "overlay", "program": "/bin/sh"},
        {},
        7,
    ],
)
def test_what_is_committed_chooses_no_program_and_no_option(entry: object) -> None:
    with pytest.raises(InputError):
        declared(entry, "shop/dev")


def test_only_what_the_settings_allow_is_run() -> None:
    known = allowed("overlay=/opt/overlay; labels=/opt/my/labels --strict 'a b'")
    assert known == {"overlay": ("/opt/overlay",), "labels": ("/opt/my/labels", "--strict", "a b")}
    assert command(PostRenderer("labels", ("prod",)), known, "x") == ("/opt/my/labels", "--strict", "a b", "prod")
    with pytest.raises(RefusedError, match="not allowed"):
        command(PostRenderer("shell"), known, "shop/dev")


@pytest.mark.parametrize("text", ["overlay", "overlay=", "overlay=overlay", "overlay=/opt/../bin/sh", "x='/a", "X=/a"])
def test_a_setting_that_can_not_be_read_says_so(text: str) -> None:
    with pytest.raises(InputError, match="CONDUCTOR_POST_RENDERERS"):
        allowed(text)


def test_a_manifest_without_its_templates_names_was_post_rendered() -> None:
    assert unknown_note("---\n# Source: shop/templates/a.yaml\nkind: A\n") == ()
    assert unknown_note("") == ()
    assert "post-renderer" in unknown_note("kind: A\n")[0]
