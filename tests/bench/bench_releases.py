"""Comparisons of a big release against what people have: `helm template` twice with a text diff, and `kubectl diff`.

`python -m tests.bench.bench_releases [--objects 500]` on the local control plane (`CONDUCTOR_TEST_HOME`: its home).
Everything is timed on one machine in one run, and a figure is printed only when both sides found the same. First:
nothing was ever rendered; cold: a new reader with empty memory, as a new process, after that; warm: the same reader
again. API latency is made by a proxy of ours that holds every request back. Serial `kubectl diff` is timed on a tenth
of the objects. The last part has one object with 20,000 changed lines.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app import differences
from conductor_core.adapters.git import GitRepository
from conductor_core.adapters.helm import HelmProgram
from conductor_core.adapters.kubernetes import KubernetesCluster
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.comparison import Comparison, Pair, Side, compare, masker_for
from conductor_core.domain.manifests import Identity
from conductor_core.localplane import plane as local
from conductor_core.localplane.layout import Endpoints
from conductor_core.ports.repository import Author
from conductor_core.services.releases import ReleaseReader
from conductor_core.settings import Settings
from tests.real.conftest import test_home

ME = Author("Bench", "bench@example.test")
TEMPLATE = """{{ range $n := until (int .Values.objects) }}
---
apiVersion: v1
kind: {{ if eq (mod $n 2) 0 }}ConfigMap{{ else }}Service{{ end }}
metadata: {name: big-{{ $n }}, labels: {app: big, part: "{{ $n }}"}}
{{ if eq (mod $n 2) 0 }}
data:
  level: {{ ternary $.Values.level "info" (lt $n (int $.Values.changed)) | quote }}
{{- range $k := until 20 }}
  key{{ $k }}: "value {{ $k }} of {{ $n }}"
{{- end }}
{{ else }}
spec: {ports: [{name: http, port: {{ add 1000 $n }}, targetPort: http}], selector: {app: big, part: "{{ $n }}"}}
{{ end }}
{{ end }}
"""
CHANNELS = (
    "releases: {{big: {{chart: big, channels: {{dev: {{branch: main, namespace: {0}, values: [], tier: dev}}}}}}}}\n"
)
VALUES = "objects: {0}\nchanged: 20\nlevel: {1}\n"
_DIFFERS = re.compile(r"^diff .*/[^/]*?\.(ConfigMap|Service)\.[^/]*\.([^./\s]+)$", re.MULTILINE)


def timed(act: Callable[[], object], times: int = 1) -> float:
    """The quickest of some runs, in seconds."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - start)
    return best


@contextlib.contextmanager
def held_back(address: tuple[str, int], delay: float) -> Iterator[int]:
    """A proxy that hands each piece of a request on after `delay` seconds; gives its port."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
        """Each piece goes on `wait` seconds after it came, however many are under way."""
        coming: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def send() -> None:
            while True:
                due, data = await coming.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()

        async def take() -> None:
            data = b"x"
            while data:
                data = b""
                with contextlib.suppress(OSError):
                    data = await reader.read(262144)
                coming.put_nowait((loop.time() + wait, data))

        with contextlib.suppress(OSError):
            await asyncio.gather(send(), take())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError, OSError):  # the bench is over
            there, back = await asyncio.open_connection(*address)
            await asyncio.gather(pump(reader, back, delay), pump(there, writer, 0))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()


class Bench:
    """A release of many objects, installed, with a commit that changes some of them."""

    def __init__(self, plane: Endpoints, folder: Path, objects: int) -> None:
        self.plane, self.folder, self.objects = plane, folder, objects
        self.namespace = f"bench-{uuid.uuid4().hex[:8]}"
        work, self.remote = folder / "work", folder / "ops.git"
        (work / "big/templates").mkdir(parents=True)
        (work / "channels.yaml").write_text(CHANNELS.format(self.namespace))
        (work / "big/Chart.yaml").write_text("apiVersion: v2\nname: big\nversion: 1.0.0\n")
        (work / "big/values.yaml").write_text(VALUES.format(objects, "info"))
        (work / "big/templates/all.yaml").write_text(TEMPLATE)
        who = ["-c", "user.name=B", "-c", "user.email=b@example.test"]
        for argv in (["init", "-q", "-b", "main", str(work)], ["-C", str(work), "add", "-A"],
                     [*who, "-C", str(work), "commit", "-q", "-m", "x"],
                     ["clone", "-q", "--bare", str(work), str(self.remote)]):  # fmt: skip
            subprocess.run(["git", *argv], check=True, capture_output=True)
        self.commands = SystemCommands()
        self.repository = GitRepository(self.commands, str(self.remote), folder / "home")
        reader = self.reader(plane.kubeconfig)[0]
        self.before = reader.commit("big", "dev")
        reader._renders._helm.upgrade(reader.chart_request("big", "dev"), "bench", create_namespace=True, timeout=300)
        text = VALUES.format(objects, "debug").encode()
        self.after = self.repository.commit("main", {"big/values.yaml": text}, "debug", ME)

    def reader(self, kubeconfig: Path) -> tuple[ReleaseReader, list[str]]:
        """A reader that has kept nothing in memory, and the requests that it makes."""
        cluster = KubernetesCluster(kubeconfig, self.plane.context)
        repository, documents = GitRepository(self.commands, str(self.remote), self.folder / "home"), YamlDocuments()
        helm = HelmProgram(self.commands, documents, str(self.plane.bin / "helm"), kubeconfig,
                           self.plane.context, self.folder / "helm")  # fmt: skip
        asked: list[str] = []
        inner = cluster._requests.send

        def counted(method: str, path: str, *args: Any, **more: Any) -> Any:
            asked.append(path)
            return inner(method, path, *args, **more)

        cluster._requests.send = counted  # type: ignore[method-assign]  # counts what leaves the process
        return ReleaseReader(repository, helm, cluster, documents, mask_key=b"k" * 32), asked

    def template(self, commit: str) -> str:
        """What `helm template` prints for the chart at a commit."""
        chart = self.repository.export(commit, ".") / "big"
        argv = [str(self.plane.bin / "helm"), "template", "big", str(chart), f"--namespace={self.namespace}"]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def by_hand(self) -> str:
        """Two renders and a text diff, as people do it."""
        a, b = self.template(self.before), self.template(self.after)
        one, two = self.folder / "a.yaml", self.folder / "b.yaml"
        one.write_text(a)
        two.write_text(b)
        return subprocess.run(["diff", "-u", one, two], check=False, capture_output=True, text=True).stdout

    def kubectl(self, kubeconfig: Path, *more: str) -> set[str]:
        """What `kubectl diff` of the render finds."""
        file = self.folder / "b.yaml"
        file.write_text(self.template(self.after))
        where = [f"--kubeconfig={kubeconfig}", f"--context={self.plane.context}", f"--namespace={self.namespace}"]
        argv = [str(self.plane.bin / "kubectl"), *where, "diff", "-f", str(file), *more]
        ended = subprocess.run(argv, check=False, capture_output=True, text=True)
        assert ended.returncode in (0, 1), ended.stderr
        return {f"{kind}/{name}" for kind, name in _DIFFERS.findall(ended.stdout)}

    def serial(self, kubeconfig: Path) -> float:
        """Seconds of `kubectl diff` one object after the other: a tenth of them is timed, for it takes as long for
        each.
        """
        parts = self.template(self.after).split("---\n")
        parts = [part for part in parts if part.strip() and "kind:" in part]
        few = parts[:: max(1, len(parts) // (len(parts) // 10))]
        file = self.folder / "few.yaml"
        file.write_text("---\n".join(few))
        where = [f"--kubeconfig={kubeconfig}", f"--context={self.plane.context}", f"--namespace={self.namespace}"]
        argv = [str(self.plane.bin / "kubectl"), *where, "diff", "-f", str(file)]
        spent = timed(lambda: subprocess.run(argv, check=False, capture_output=True))
        return spent * len(parts) / len(few)


def found(comparison: Comparison) -> set[str]:
    """What a comparison says differs, as kubectl's file names do."""
    return {f"{r.identity.kind}/{r.identity.name}" for r in comparison.resources if r.standing != "unchanged"}


def renders(bench: Bench) -> None:
    """Two commits compared."""
    old, new = f"commit:{bench.before}/dev", f"commit:{bench.after}/dev"
    compared: list[Comparison] = []
    reader, _ = bench.reader(bench.plane.kubeconfig)
    first = timed(lambda: compared.append(reader.compare("big", old, new)))
    diff = bench.by_hand()
    assert sum(len(r.fields) for r in compared[0].resources) == len(re.findall(r"^\+ ", diff, re.MULTILINE)) > 0
    warm = timed(lambda: reader.compare("big", old, new), 3)
    hand = timed(bench.by_hand, 3)
    fresh = [bench.reader(bench.plane.kubeconfig)[0] for _ in range(3)]
    cold = timed(lambda: fresh.pop().compare("big", old, new), 3)
    print(
        f"two commits     helm template x2 + diff {hand:6.2f} s   first {first:6.2f} s ({hand / first:4.1f}x)   "
        f"cold {cold:6.2f} s ({hand / cold:4.1f}x)   warm {warm:6.3f} s ({hand / warm:5.1f}x)",
        flush=True,
    )


def live(bench: Bench, delay: float) -> None:
    """What runs compared with what a commit would install."""
    text = bench.plane.kubeconfig.read_text()
    host, port = re.search(r"server: https://([\d.]+):(\d+)", text).groups()  # type: ignore[union-attr]  # it is there
    with held_back((host, int(port)), delay) as proxy:
        config = bench.folder / f"kubeconfig-{proxy}"
        config.write_text(text.replace(f"{host}:{port}", f"{host}:{proxy}"))
        config.chmod(0o600)
        reader, asked = bench.reader(config)
        compared: list[Comparison] = []
        cold = timed(lambda: compared.append(reader.compare("big", "live:dev", "channel:dev")))
        requests = len(asked)
        warm = timed(lambda: reader.compare("big", "live:dev", "channel:dev"), 3)
        found_by = set[str]()
        wide = timed(lambda: found_by.update(bench.kubectl(config, "--concurrency=16")))
        assert found(compared[0]) == found_by != set(), (found(compared[0]), found_by)
        serial = bench.serial(config)
    print(
        f"live +{delay * 1000:2.0f} ms     kubectl diff {serial:6.2f} s, 16 at once {wide:6.2f} s   "
        f"cold {cold:5.2f} s ({serial / cold:5.1f}x, {wide / cold:4.1f}x)   "
        f"warm {warm:5.2f} s ({serial / warm:5.1f}x, {wide / warm:4.1f}x)   "
        f"{requests} requests for {bench.objects} objects",
        flush=True,
    )


def big_object(lines: int = 20_000) -> str:
    """One object with that many changed lines: compared, masked and laid out as lines; the peak of a fresh process."""
    old, new = ("\n".join(f"{word} line {n}" for n in range(lines)) for word in ("old", "new"))

    def manifest(text: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big"}, "data": {"text": text}}

    pairs = {Identity("", "ConfigMap", "x", "big"): Pair(manifest(old), manifest(new))}
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    compared = compare(Side("a", "a"), Side("b", "b"), pairs, masker_for(b"k" * 16, pairs))
    data = differences.of(compared, "x")
    spent = time.perf_counter() - start
    drawn = data["resources"][0]["text"].count("\n")
    assert drawn >= 2 * lines, drawn
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    more = (peak - base) / 1024
    return f"one object      {lines} changed lines in {spent:.2f} s, {more:.0f} MB more ({peak / 1024:.0f} MB in all)"


def main() -> None:
    """Run every part; prints one line each."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--objects", type=int, default=500)
    arguments.add_argument("--only", choices=["big"], default=None)
    chosen = arguments.parse_args()
    if chosen.only:
        print(big_object())
        return
    home = test_home()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    plane = local.up(Settings(home=home)).endpoints
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(plane, Path(folder), chosen.objects)
        try:
            renders(bench)
            for delay in (0.0, 0.02):
                live(bench, delay)
        finally:
            argv = [str(plane.bin / "kubectl"), f"--kubeconfig={plane.kubeconfig}", "delete", "namespace",
                    bench.namespace, "--wait=false"]  # fmt: skip
            subprocess.run(argv, check=False, capture_output=True)
    print(subprocess.run([sys.executable, "-m", "tests.bench.bench_releases", "--only", "big"],
                         check=True, capture_output=True, text=True).stdout.strip())  # fmt: skip


if __name__ == "__main__":
    main()
