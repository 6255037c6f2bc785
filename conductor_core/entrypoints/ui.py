"""`python -m conductor_core.entrypoints.ui --port N`: serve the workbench in this process.

Streamlit signs people in itself; what it must know for that goes into a secrets file of its own, readable by us alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from conductor_core import settings as configuration
from conductor_core.errors import ConductorError, ConfigurationError, StorageError
from conductor_core.settings import PROJECT_ROOT, Settings
from conductor_core.wiring import cookie_secret

CALLBACK = "/oauth2callback"
"""Where the provider sends people back to; register the workbench's address with this path there."""


def auth_section(settings: Settings, address: str, cookie: str) -> dict[str, str]:
    """What Streamlit's `[auth]` holds; raises `ConfigurationError` that names what is missing.

    `address`: the workbench as people reach it.
    """
    needed = {
        "CONDUCTOR_OIDC_ISSUER": settings.oidc_issuer,
        "CONDUCTOR_OIDC_CLIENT_ID": settings.oidc_client_id,
        "CONDUCTOR_OIDC_CLIENT_SECRET": settings.oidc_client_secret.get_secret_value(),
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise ConfigurationError(
            "People can't be signed in.",
            why=f"CONDUCTOR_IDENTITY_MODE is oidc, and {', '.join(missing)} is empty.",
            next="Set what is missing; the provider gives it when the workbench is registered there.",
        )
    return {
        "redirect_uri": address.rstrip("/") + CALLBACK,
        "cookie_secret": cookie,
        "client_id": settings.oidc_client_id,
        "client_secret": settings.oidc_client_secret.get_secret_value(),
        "server_metadata_url": settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
    }


def secrets_file(settings: Settings, address: str) -> Path:
    """Write Streamlit's secrets below the data folder, for our eyes only (0600), and return where.

    Raises what `auth_section` raises, and `StorageError`.
    """
    section = auth_section(settings, address, cookie_secret(settings))
    lines = [f"{key} = {json.dumps(value)}" for key, value in section.items()]  # a JSON string is a TOML string
    text = "\n".join(["[auth]", *lines, "[auth.client_kwargs]", f"scope = {json.dumps(settings.oidc_scopes)}", ""])
    file = settings.run_dir / "streamlit-secrets.toml"
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
        fresh.replace(file)
    except OSError as bad:
        raise StorageError(
            "The sign-in settings can't be written.",
            why=f"{file.name}: {bad.strerror}.",
            next="Make the data folder writable for this user, with space on its disk.",
        ) from bad
    return file


def main(arguments: Sequence[str] | None = None) -> int:
    """Become Streamlit; returns only when the settings are wrong."""
    parser = argparse.ArgumentParser(prog="maestro-ui", description="Serve the workbench of Maestro Conductor.")
    parser.add_argument("--host", default="", help="Address to bind to; default: CONDUCTOR_HOST.")
    parser.add_argument("--port", type=int, default=-1, help="Port to bind to; default: CONDUCTOR_UI_PORT.")
    asked = parser.parse_args(arguments)
    try:
        settings = configuration.load()
        host, port = asked.host or settings.host, settings.ui_port if asked.port < 0 else asked.port
        extra: list[str] = []
        if settings.identity_mode == "oidc":
            address = settings.public_url or f"http://{host}:{port}"
            extra = ["--secrets.files", str(secrets_file(settings, address))]
    except ConductorError as bad:
        said = bad.diagnostics()
        sys.stderr.write(f"{said.what}\nwhy:  {said.why}\nnext: {said.next}\n")
        return bad.exit_code
    os.chdir(PROJECT_ROOT)
    argv = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.headless", "true"]
    argv += ["--server.address", host, "--server.port", str(port), *extra]
    return os.execv(sys.executable, argv)  # noqa: S606  # an argument list of ours, without a shell


if __name__ == "__main__":
    sys.exit(main())
