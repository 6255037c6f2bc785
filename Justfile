# The tasks that the guide names; each is a `conductor` command.

# Health of every connection and of the APIs
conductor-status:
    .venv/bin/conductor status

# A smoke suite of IntelGraph; the result is kept
conductor-smoke suite="intelgraph-api" channel="dev" actor="requester":
    .venv/bin/conductor smoke {{suite}} --channel {{channel}} --as {{actor}}

# Start and stop
up:
    make up

down:
    make down
