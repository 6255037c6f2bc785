"""From a key to its verdict in the wizard, in Chromium: `python -m tests.bench.bench_environments`.

The form has a hundred parameters and more; the real tofu judges each new value, Rego what tofu completes. The limit
beside it, in the same run, is tofu alone on the same values: a verdict can't be known earlier.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.tofu import TofuProgram
from tests.browser.screen import Screen, chromium
from tests.browser.serving import workbench
from tests.pages import environment_worlds

KEYS = 20
WATCH = """text => {
  const main = document.querySelector('[data-testid=stMain]');
  window.verdict = new Promise(seen => {
    let began = 0;
    addEventListener('keydown', () => { began = performance.now(); }, {capture: true, once: true});
    const watch = new MutationObserver(() => {
      if (!main.textContent.includes(text)) return;
      watch.disconnect();
      requestAnimationFrame(() => seen(performance.now() - began));
    });
    watch.observe(main, {childList: true, subtree: true, characterData: true});
  });
}"""
"""Milliseconds between the next key and a text on the page, told by the page: asked from outside, it is told late."""


def alone() -> list[float]:
    """Seconds that tofu takes for the values of each key, with nothing around it."""
    with TemporaryDirectory() as folder:
        tofu = TofuProgram(SystemCommands(), str(environment_worlds.tofu_program()), Path(folder))
        out = []
        for at in range(KEYS):
            began = time.perf_counter()
            tofu.check(environment_worlds.LARGE, {"environment": "blue", "network_cidr": f"10.{at}.0.0/16"})
            out.append(time.perf_counter() - began)
        return out


def typed(screen: Screen) -> list[float]:
    """Seconds from the last key of a network to the verdict on it."""
    screen.open("environments", acting="requester", blueprint="summit-local", draft="drf-1")
    screen.fill("Name of the environment *", "blue")
    screen.settled()
    network = screen.page.get_by_label("network_cidr *").last
    out = []
    for at in range(KEYS):
        network.fill(f"10.{at}.0.0/1")
        screen.settled()
        screen.page.evaluate(WATCH, f"10.{at}.0.0/16: 65,536 addresses")
        network.press("6")
        out.append(screen.page.evaluate("window.verdict") / 1000)
    return out


def main() -> None:
    """Print the two and their ratio."""
    with (
        TemporaryDirectory() as folder,
        workbench("environments-large", Path(folder) / "log") as url,
        chromium() as browser,
    ):
        screen = Screen(browser, url)
        seen = typed(screen)
        screen.close()
    bare = alone()
    one, other = statistics.median(seen), statistics.median(bare)
    p95 = statistics.quantiles(seen, n=20)[-1]
    print(f"key to verdict, 100 parameters: {one * 1000:.0f} ms median, {p95 * 1000:.0f} ms p95; "
          f"tofu alone {other * 1000:.0f} ms; {one / other:.1f}x")  # fmt: skip


if __name__ == "__main__":
    main()
