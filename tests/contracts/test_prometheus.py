"""The contract of `Prometheus`, on the fake and on the Prometheus of the local control plane."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conductor_core.adapters.prometheus import PrometheusApi
from conductor_core.errors import ConfigurationError, InputError, UnreachableError
from conductor_core.ports.prometheus import Prometheus
from tests.fakes.prometheus import FakePrometheus
from tests.real.conftest import plane  # noqa: F401  # a fixture: the real half of the contract asks for it by name


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def prometheus(request: pytest.FixtureRequest) -> Prometheus:
    if request.param == "fake":
        return FakePrometheus({"vector(7)": lambda _: 7.0, "vector(0) / 0": lambda _: float("nan")})
    return PrometheusApi(request.getfixturevalue("plane").prometheus_url)


def test_a_range_has_both_ends(prometheus: Prometheus) -> None:
    end = int(time.time()) // 15 * 15.0
    (series,) = prometheus.range("vector(7)", end - 60, end, 15)
    assert series.points == tuple((end - 60 + 15 * n, 7.0) for n in range(5))


def test_an_instant_and_its_time(prometheus: Prometheus) -> None:
    at = float(int(time.time()) - 30)
    (series,) = prometheus.instant("vector(7)", at)
    assert series.points == ((at, 7.0),)
    assert series.label("nothing") == ""


def test_nothing_found_is_no_series_and_nan_is_a_value(prometheus: Prometheus) -> None:
    assert prometheus.instant("no_such_series_at_all") == ()
    (series,) = prometheus.instant("vector(0) / 0")
    assert series.points[0][1] != series.points[0][1]


def test_bad_promql_is_told(prometheus: Prometheus) -> None:
    with pytest.raises(InputError) as bad:
        prometheus.instant("sum((up")
    assert "parenthesis" in str(bad.value)


def test_too_much_is_refused(prometheus: Prometheus) -> None:
    end = time.time() // 1 * 1.0
    with pytest.raises(InputError):
        prometheus.range("vector(7)", end - 20_000, end, 1)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = int(self.path.split("/")[1] or 200)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"<html>something else</html>")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def test_what_is_not_prometheus_is_said(other: str) -> None:
    with pytest.raises(ConfigurationError):
        PrometheusApi(f"{other}/200").instant("up")
    with pytest.raises(ConfigurationError):
        PrometheusApi(f"{other}/403").instant("up")
    with pytest.raises(UnreachableError):
        PrometheusApi(f"{other}/500").instant("up")
    with pytest.raises(UnreachableError):
        PrometheusApi("http://127.0.0.1:9").instant("up")
    with pytest.raises(ConfigurationError, match="not configured"):
        PrometheusApi("").instant("up")
