# The tasks that the guide names; each is a `conductor` command.

# Health of every connection and of the APIs
conductor-status:
    .venv/bin/conductor status

# Smoke checks of IntelGraph: the release's own post-flight checks
conductor-smoke release="intelgraph" channel="dev" actor="requester":
    .venv/bin/conductor runbook run validate_release -p release={{release}} -p channel={{channel}} --reason "smoke" --as {{actor}} --wait

# Start and stop
up:
    make up

down:
    make down
