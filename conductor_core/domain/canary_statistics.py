"""Is the canary worse than the stable version? A rank test with its effect size, and no word where there is too little.

Compared is what both had at the same moments (equal start, as Spinnaker's advice on canaries has it), one reading for
each stretch of time that a reading looks back over: more would tell the same requests several times, and a rank test
would take that for agreement.

Mann-Whitney U, two-sided: exact for small samples without ties, else the normal approximation with tie correction and
continuity (H. B. Mann, D. R. Whitney, 1947). The effect is the rank-biserial correlation: -1 to 1, 0 for no difference.
Percentiles from the 90th on are not judged below 1,000 requests, because their tail is made of too few.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

LEAST_SAMPLES = 5
"""Samples that each side needs: with fewer no difference, however clear, is `SIGNIFICANT`."""
LEAST_REQUESTS = 1000
"""Requests behind each side of a percentile from the 90th on."""
SIGNIFICANT = 0.01
LEAST_EFFECT = 0.3
"""A smaller effect is not called a difference, however sure it is."""
_EXACT = 8


@dataclass(frozen=True)
class RankTest:
    """U of the first sample, the two-sided p value, and the effect (positive: the first tends to be larger)."""

    u: float
    p: float
    effect: float


@dataclass(frozen=True)
class Judgement:
    """One metric judged: `word` is worse, better, same or not judged; `why` is a sentence with the figures."""

    metric: str
    word: str
    why: str
    test: RankTest | None = None


def shared(
    ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]], window: float
) -> list[tuple[float, float, float]]:
    """When both had a value, and both values: the first of each `window` of seconds; 0: all.

    Points are (seconds since the epoch, value); what is not finite counts as none.
    """
    other = {at: value for at, value in theirs if math.isfinite(value)}
    found, last = list[tuple[float, float, float]](), None
    for at, value in ours:
        stretch = at // window if window else at
        if stretch != last and at in other and math.isfinite(value):
            found.append((at, value, other[at]))
            last = stretch
    return found


def rank_test(first: Sequence[float], second: Sequence[float]) -> RankTest:
    """Mann-Whitney U of two samples with at least one value each; NaN must be left out before."""
    n, m = len(first), len(second)
    merged = sorted([(v, 0) for v in first] + [(v, 1) for v in second])
    ranks, ties, at = 0.0, 0.0, 0
    for _, group in groupby(merged, key=lambda pair: pair[0]):
        members = list(group)
        size = len(members)
        rank = at + (size + 1) / 2
        ranks += rank * sum(1 for _, side in members if side == 0)
        ties += size**3 - size
        at += size
    u = ranks - n * (n + 1) / 2
    effect = 2 * u / (n * m) - 1
    if ties == 0 and min(n, m) <= _EXACT and max(n, m) <= 40:
        return RankTest(u, _exact(u, n, m), effect)
    total = n + m
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return RankTest(u, 1.0, effect)
    z = (max(u, n * m - u) - n * m / 2 - 0.5) / math.sqrt(variance)
    return RankTest(u, min(1.0, math.erfc(z / math.sqrt(2))), effect)


def judge(
    metric: str,
    canary: Sequence[float],
    stable: Sequence[float],
    *,
    better: str,
    than: str = "stable",
    quantile: float | None = None,
    requests: float | None = None,
) -> Judgement:
    """Judge one metric of the canary against another version (`than`) by samples that don't overlap.

    `better`: higher or lower; `requests`: how many lie behind the smaller side, None: unknown (then the samples are
    counted).
    """
    ours, theirs = ([v for v in side if math.isfinite(v)] for side in (canary, stable))
    fewest = min(len(ours), len(theirs))
    if better not in ("higher", "lower"):
        return Judgement(metric, "not judged", "It is not said whether more or less of it is better.")
    if fewest < LEAST_SAMPLES:
        return Judgement(metric, "not judged", f"Each version needs {LEAST_SAMPLES} samples; there are {fewest}.")
    behind = requests if requests is not None else float(fewest)
    if quantile is not None and quantile >= 0.9 and behind < LEAST_REQUESTS:
        why = f"A p{quantile * 100:g} of {behind:.0f} requests says little; {LEAST_REQUESTS:,} are needed."
        return Judgement(metric, "not judged", why)
    found = rank_test(ours, theirs)
    figures = f"p {found.p:.2g}, effect {found.effect:+.2f}, {len(ours)} and {len(theirs)} samples"
    if found.p >= SIGNIFICANT or abs(found.effect) < LEAST_EFFECT:
        return Judgement(metric, "same", f"No difference that counts ({figures}).", found)
    worse = (found.effect < 0) == (better == "higher")
    word = "worse" if worse else "better"
    return Judgement(metric, word, f"The new version is {word} than the {than} one ({figures}).", found)


def _exact(u: float, n: int, m: int) -> float:
    larger = max(u, n * m - u)
    ways = sum(_ways(n, m, at) for at in range(math.ceil(larger), n * m + 1))
    return min(1.0, 2 * ways / math.comb(n + m, n))


@lru_cache(maxsize=100_000)
def _ways(n: int, m: int, u: int) -> int:
    """In how many orders of two samples U is exactly that."""
    if u < 0 or u > n * m:
        return 0
    if n == 0 or m == 0:
        return int(u == 0)
    return _ways(n - 1, m, u - m) + _ways(n, m - 1, u)
