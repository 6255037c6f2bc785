"""The room of Prometheus: its HTTP API through prometheus-api-client (port `Prometheus`).

API: https://prometheus.io/docs/prometheus/latest/querying/api/.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from conductor_core.errors import ConductorError, ConfigurationError, InputError, OffError, UnreachableError
from conductor_core.ports.prometheus import Series

BUSY = (408, 429, 500, 502, 503, 504)
TIMEOUT = 15
_STATUS = re.compile(r"HTTP Status Code (\d+) \((.*)\)", re.DOTALL)


class PrometheusApi:
    """`url` of the server; `token` is sent as a bearer token when it is given. Safe to use from many threads."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url, self._token = url.rstrip("/"), token
        self._local = threading.local()

    def range(self, query: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        """See `Prometheus.range`."""
        first, last = (datetime.fromtimestamp(t, UTC) for t in (start, end))
        return _series(self._asked(lambda c: c.custom_query_range(query, first, last, f"{step:g}", timeout=TIMEOUT)))

    def instant(self, query: str, at: float | None = None) -> tuple[Series, ...]:
        """See `Prometheus.instant`."""
        more = {"time": f"{at:.3f}"} if at is not None else {}
        return _series(self._asked(lambda c: c.custom_query(query, params=more, timeout=TIMEOUT)))

    def _asked(self, ask: Callable[[Any], Any]) -> Any:
        from prometheus_api_client.exceptions import PrometheusApiClientException

        try:
            return ask(self._client())
        except PrometheusApiClientException as bad:
            raise self._failure(str(bad)) from bad
        except (ValueError, KeyError, TypeError) as bad:
            raise ConfigurationError(
                "What answers at the address of Prometheus isn't Prometheus.",
                why=f"{self._url}: {type(bad).__name__}: {str(bad)[:200]}",
                next="Correct CONDUCTOR_PROMETHEUS_URL.",
            ) from bad
        except OSError as bad:  # what the library's HTTP client raises is one
            raise UnreachableError(
                "Prometheus did not answer.",
                why=f"{self._url}: {str(bad)[:300]}",
                next="Is it running, and is CONDUCTOR_PROMETHEUS_URL right?",
            ) from bad

    def _client(self) -> Any:
        if not self._url:
            raise OffError(
                "Prometheus is not configured.",
                why="CONDUCTOR_PROMETHEUS_URL is not set.",
                next="Start the local control plane (`conductor up`), or set CONDUCTOR_PROMETHEUS_URL.",
            )
        if not hasattr(self._local, "client"):
            from prometheus_api_client import PrometheusConnect
            from urllib3.util import Retry

            headers = {"Authorization": f"Bearer {self._token}"} if self._token else None
            once_more = Retry(total=1, backoff_factor=0, status_forcelist=BUSY)  # else a page waits six seconds
            client = PrometheusConnect(self._url, headers=headers, retry=once_more, timeout=TIMEOUT)
            client._session.trust_env = False  # no proxy or .netrc of this machine's on the way
            self._local.client = client
        return self._local.client

    def _failure(self, words: str) -> ConductorError:
        found = _STATUS.search(words)
        status, said = (int(found[1]), found[2]) if found else (0, words)
        if status in (400, 422):
            return InputError("Prometheus can't evaluate the query.", why=said[:600], next="Correct the PromQL.")
        if status in (401, 403, 404):
            return ConfigurationError(
                "What answers at the address of Prometheus doesn't let us query.",
                why=f"{self._url}: status {status}",
                next="Correct CONDUCTOR_PROMETHEUS_URL, or its access.",
            )
        return UnreachableError("Prometheus could not answer.", why=said[:600], next="Try again.")


def _series(found: Any) -> tuple[Series, ...]:
    if isinstance(found, list) and len(found) == 2 and not isinstance(found[0], dict):
        return (Series((), (_point(found),)),)  # a scalar
    out = []
    for one in found:
        points = one["values"] if "values" in one else [one["value"]]
        labels = tuple(sorted((str(k), str(v)) for k, v in one["metric"].items()))
        out.append(Series(labels, tuple(_point(p) for p in points)))
    return tuple(sorted(out, key=lambda s: s.labels))


def _point(pair: Any) -> tuple[float, float]:
    return float(pair[0]), float(str(pair[1]).replace("Inf", "inf"))
