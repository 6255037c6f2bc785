"""Addresses of Grafana's panels for one rollout, from settings alone (security rule 14).

A panel is a path below Grafana's URL, such as `d-solo/rollouts/all?panelId=2&var-namespace={namespace}`.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from conductor_core.errors import ConfigurationError


def panels(url: str, paths: str, namespace: str, rollout: str) -> tuple[str, ...]:
    """One address for each path, names quoted; none without a URL or a path. Raises `ConfigurationError` for a URL of
    another scheme and for a path that leads elsewhere.
    """
    wanted = [p.strip() for p in paths.split(",") if p.strip()]
    if not url or not wanted:
        return ()
    base = urlsplit(url)
    if base.scheme not in ("http", "https") or not base.hostname:
        raise ConfigurationError(
            "Grafana's address can't be used.", why=f"{url} is no http(s) URL.", next="Correct CONDUCTOR_GRAFANA_URL."
        )
    names = {"{namespace}": quote(namespace, safe=""), "{rollout}": quote(rollout, safe="")}
    out = []
    for path in wanted:
        if "://" in path or path.startswith("/") or ".." in path:
            raise ConfigurationError(
                "A Grafana panel can't be used.",
                why=f"{path} is no path below {url}.",
                next="Correct CONDUCTOR_GRAFANA_PANELS: paths such as d-solo/... , without host.",
            )
        for hole, value in names.items():
            path = path.replace(hole, value)
        out.append(f"{url.rstrip('/')}/{path}")
    return tuple(out)
