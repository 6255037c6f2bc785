"""`python -m conductor_core.entrypoints.api.main --port N`: serve maestro-api in this process."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
from collections.abc import Sequence

import uvicorn

from conductor_core import settings as configuration
from conductor_core.entrypoints.api.app import create_app
from conductor_core.entrypoints.api.guards import is_loopback
from conductor_core.errors import ConductorError, ConfigurationError
from conductor_core.settings import Settings
from conductor_core.wiring import wire


def check_host(settings: Settings, host: str) -> None:
    """Raise `ConfigurationError` when local identities would be served to other machines."""
    if settings.identity_mode == "local" and not is_loopback(host):
        raise ConfigurationError(
            f"The local mode can't be served on {host}.",
            why="Local identities are chosen by whoever asks; other machines must not reach them.",
            next="Set CONDUCTOR_HOST=127.0.0.1, or CONDUCTOR_IDENTITY_MODE=oidc.",
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="maestro-api", description="Serve the API of Maestro Conductor.")
    parser.add_argument("--host", default="", help="Address to bind to; default: CONDUCTOR_HOST.")
    parser.add_argument("--port", type=int, default=-1, help="Port to bind to; default: CONDUCTOR_API_PORT.")
    asked = parser.parse_args(arguments)
    try:
        settings = configuration.load()
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
        host = asked.host or settings.host
        check_host(settings, host)
        conductor = wire(settings)
        app = create_app(conductor)
    except ConductorError as bad:
        said = bad.diagnostics()
        sys.stderr.write(f"{said.what}\nwhy:  {said.why}\nnext: {said.next}\n")
        return bad.exit_code
    told = conductor.settings_record.keep
    threading.Thread(target=told, args=("api", threading.Event()), name="settings", daemon=True).start()
    uvicorn.run(
        app,
        host=host,
        port=settings.api_port if asked.port < 0 else asked.port,
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        server_header=False,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=65536,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
