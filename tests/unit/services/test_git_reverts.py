"""A revert says what it takes back beside the bad version: the mark of a steady state that was committed since."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.ports.repository import Author
from conductor_core.services.git_reverts import GitReverts
from conductor_core.services.releases import ReleaseReader
from tests.fakes.cluster import FakeCluster
from tests.fakes.helm import FakeHelm
from tests.fakes.repository import FakeRepository

CHANNELS = (
    "releases: {shop: {chart: shop, channels: {dev: {branch: main, namespace: dev, values: [v.yaml], tier: dev}}}}"
)
FILES: dict[str, bytes | None] = {
    "channels.yaml": CHANNELS.encode(),
    "shop/Chart.yaml": b"name: shop\nversion: 1.0.0\n",
}
WORDS = "rollout.stableTag of v.yaml goes back too, from "


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("rollout: {stableTag: 1.4.2}\na: 1\n", "rollout: {stableTag: 1.4.3}\na: 2\n", WORDS + "1.4.3 to 1.4.2"),
        ("a: 1\n", "rollout: {stableTag: 1.4.3}\n", WORDS + "1.4.3 to none"),
        ("rollout: {stableTag: 1.4.3}\na: 1\n", "rollout: {stableTag: 1.4.3}\na: 2\n", ""),
        ("a: 1\n", "a: [\n", ""),
    ],
)
def test_a_mark_that_goes_back_is_told(before: str, now: str, told: str, tmp_path: Path) -> None:
    repository, documents, cluster = FakeRepository(tmp_path), YamlDocuments(), FakeCluster()
    repository.push("main", FILES | {"v.yaml": before.encode()})
    source = repository.resolve("main")
    repository.commit("main", {"v.yaml": now.encode()}, "since", Author("A", "a@b.test"))
    reader = ReleaseReader(repository, FakeHelm(cluster), cluster, documents, mask_key=b"k" * 32, fresh_seconds=-1)
    revert = GitReverts(reader, repository, documents).plan("shop", "dev", source)
    assert revert.files == {"v.yaml": before.encode()}
    assert (told in revert.told) if told else ("stableTag" not in revert.told)
