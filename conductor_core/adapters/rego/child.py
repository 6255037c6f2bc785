"""The child process that evaluates Rego: length-prefixed JSON in, the same out; it ends when its parent does.

Native code that breaks takes this process with it and not the worker. Messages: `{"files": [[path, text]]}` sets the
bundle, `{"family", "input"}` asks; the answer is `{"deny", "warn", "rules"}` or `{"undecided": [cause, why, next]}`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from conductor_core.adapters.rego.evaluator import Evaluator
from conductor_core.adapters.rego.messages import receive, send
from conductor_core.domain.policies import PolicyBundle, UndecidedError


def main() -> None:
    """Answer until the input ends; whatever the engine prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    evaluator = Evaluator(PolicyBundle(()))
    send(answers, {"ready": True})
    while (message := receive(sys.stdin.buffer)) is not None:
        if "files" in message:
            evaluator = Evaluator(PolicyBundle(tuple((path, text) for path, text in message["files"])))
        else:
            send(answers, _answer(evaluator, message))


def _answer(evaluator: Evaluator, message: dict[str, Any]) -> dict[str, Any]:
    try:
        found = evaluator.answer(message["family"], message["input"])
    except UndecidedError as bad:
        return {"undecided": [bad.cause, bad.why, bad.next]}
    except Exception as bad:  # noqa: BLE001  # whatever breaks the engine is a denial
        return {"undecided": ["engine-error", f"regopy: {bad}", "Run `opa check policies/opa`."]}
    return {"deny": found.deny, "warn": found.warn, "rules": found.rules}


if __name__ == "__main__":
    main()
