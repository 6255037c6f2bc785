"""Named PromQL: files, and what is found in AnalysisTemplates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.adapters.metric_files import MetricFolder
from conductor_core.domain.analysis import metric
from conductor_core.domain.metric_queries import MetricQuery, discovered, parse
from conductor_core.errors import InputError
from conductor_core.settings import PROJECT_ROOT

P95 = {
    "name": "latency-p95",
    "successCondition": "result[0] <= 0.5",
    "provider": {"prometheus": {"query": 'histogram_quantile(0.95, sum(rate(x{h="{{args.pod-template-hash}}"}[1m])))'}},
}


def test_the_shipped_queries_can_all_be_used() -> None:
    good, bad = MetricFolder(PROJECT_ROOT / "data" / "queries").queries()
    assert bad == ()
    assert {q.name for q in good} >= {"success_rate", "error_rate", "latency_p50", "latency_p95", "saturation"}
    for query in good:
        text = query.filled("shop", "api", "abc")
        assert 'namespace="shop"' in text
        assert "$" not in text
    assert {q.quantile for q in good if q.quantile} == {0.5, 0.95, 0.99}
    assert [q.name for q in good if not q.better] == ["requests"]  # a canary has fewer of them: that is its weight


def test_a_file_says_what_it_lacks() -> None:
    for text, why in (
        ("up", "title, unit"),
        ("# title: x\n# unit: ratio\n", "query"),
        ("# title: x\n# unit: cm\nup", "cm"),
    ):
        with pytest.raises(InputError) as bad:
            parse("x", text)
        assert why in str(bad.value)


def test_a_name_that_breaks_out_of_its_label_is_refused() -> None:
    query = parse("x", '# title: x\n# unit: count\nup{a="$namespace"}')
    with pytest.raises(InputError):
        query.filled('a"} or up{a="', "api", "h")


def test_templates_give_their_queries_with_thresholds() -> None:
    (found,) = discovered([metric(P95, {})])
    assert found.promql.count("$hash") == 1
    assert (found.better, found.quantile, str(found.threshold)) == ("lower", 0.95, "<= 0.5")
    whole = metric(P95 | {"provider": {"prometheus": {"query": "up"}}}, {})
    other = replace(metric(P95, {}), query='x{h="{{args.pod-template-hash}}",s="{{args.service}}"}')
    web = metric(P95 | {"provider": {"web": {"url": "x"}}}, {})
    assert discovered([whole, other, web]) == ()


def test_how_far_a_reading_looks_back_is_its_longest_range() -> None:
    for promql, seconds in (("rate(a[1m]) / rate(b[1h30m])", 5400), ("rate(a[5m:15s])", 300), ("up", 0)):
        assert MetricQuery("x", "x", "ratio", promql).window == seconds
