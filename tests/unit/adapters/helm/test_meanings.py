"""What Helm's words about a pull mean, whatever else stands in the address."""

from __future__ import annotations

import pytest

from conductor_core.adapters.helm.meanings import failure
from conductor_core.errors import ConductorError, ConfigurationError
from conductor_core.ports.commands import CommandResult


def told(stderr: str) -> ConductorError:
    return failure("oci://registry.test/charts/shop:1.0.0", "pull", CommandResult(1, "", stderr, 0.1))


@pytest.mark.parametrize(
    "words",
    [
        'Error: GET "https://registry.test/v2/charts/shop/manifests/1.0.0": response status code 401: Unauthorized',
        "Error: pull access denied, repository does not exist or may require authorization: denied: not allowed",
        "Error: failed to fetch https://charts.test/shop-1.0.0.tgz : 403 Forbidden",
    ],
)
def test_a_registry_wants_a_login(words: str) -> None:
    assert isinstance(told(words), ConfigurationError)
    assert "login" in told(words).what


@pytest.mark.parametrize(
    "words",
    [
        'Error: failed to perform "FetchReference" on source: 127.0.0.1:40355/charts/shop:9.9.9: not found',
        "Error: charts.test:8401/charts/shop:4.0.1: not found",
        "Error: registry.test/denied/shop:1.0.0: not found",
    ],
)
def test_a_number_or_name_in_the_address_is_no_refusal(words: str) -> None:
    assert "login" not in told(words).what
