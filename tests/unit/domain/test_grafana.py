"""Addresses of Grafana's panels: from settings alone, names quoted."""

from __future__ import annotations

import pytest

from conductor_core.domain.grafana import panels
from conductor_core.errors import ConfigurationError


def test_names_are_quoted_into_the_panels_below_the_configured_address() -> None:
    found = panels("https://grafana.test/", "d-solo/a?panelId=2&var-ns={namespace}, d/b?r={rollout}", "shop", "a&b")
    assert found == ("https://grafana.test/d-solo/a?panelId=2&var-ns=shop", "https://grafana.test/d/b?r=a%26b")
    assert panels("", "d/a", "shop", "api") == panels("https://grafana.test", "", "shop", "api") == ()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("javascript:alert(1)", "d/a"),
        ("https://grafana.test", "https://evil.test/x"),
        ("https://grafana.test", "//evil.test/x"),
        ("https://grafana.test", "d/../../admin"),
    ],
)
def test_an_address_that_leads_elsewhere_is_refused(url: str, path: str) -> None:
    with pytest.raises(ConfigurationError):
        panels(url, path, "shop", "api")
