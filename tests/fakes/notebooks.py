"""A `Notebooks` without a kernel: it runs the cells of a notebook file in this process, with `print` as their voice."""

from __future__ import annotations

import ast
import html
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conductor_core.domain.runbooks import Parameter
from conductor_core.errors import InputError
from conductor_core.ports.notebooks import NotebookRun, Output


class FakeNotebooks:
    """`environment` of the last run is kept in `environments`; a cell sees what it was given in `names`."""

    def __init__(self, names: Mapping[str, object] | None = None) -> None:
        self.names = dict(names or {})
        self.environments: list[dict[str, str]] = []

    def parameters(self, notebook: Path) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for cell in _load(notebook)["cells"]:
            if "parameters" not in cell["metadata"].get("tags", []):
                continue
            source = "".join(cell["source"])
            lines = source.splitlines()
            for node in ast.parse(source).body:
                if not isinstance(node, ast.AnnAssign) or node.value is None:
                    raise InputError("The parameters cell can't be used.", why=ast.unparse(node), next="Mend it.")
                text = lines[node.lineno - 1].partition("#")[2].strip()
                required = text.endswith("[required]")
                default = ast.literal_eval(node.value)
                name, kind = ast.unparse(node.target), ast.unparse(node.annotation)
                found.append(Parameter(name, kind, default, text.removesuffix("[required]").strip(), required))
        return tuple(found)

    def run(
        self,
        notebook: Path,
        parameters: Mapping[str, object],
        environment: Mapping[str, str],
        on_output: Callable[[Output], None],
        timeout: int,
    ) -> NotebookRun:
        document = _load(notebook)
        declared = {p.name: p.default for p in self.parameters(notebook)}
        unknown = sorted(set(parameters) - set(declared))
        if unknown:
            raise InputError(f"Parameter {unknown[0]} is not declared.", why="It isn't.", next="Leave it out.")
        self.environments.append(dict(environment))
        space: dict[str, Any] = {**self.names, **declared, **parameters}
        code = [cell for cell in document["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
        code = [cell for cell in code if "parameters" not in cell["metadata"].get("tags", [])]
        error = ""
        for at, cell in enumerate(code):
            source = "".join(cell["source"])
            on_output(Output("cell", source.splitlines()[0], at, len(code)))
            cell["outputs"] = []

            def say(*words: object, at: int = at, cell: dict[str, Any] = cell, **_: object) -> None:
                text = " ".join(map(str, words)) + "\n"
                cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": text})
                on_output(Output("output", text, at, len(code)))

            try:
                space["print"] = say
                exec(source, space)
            except Exception as bad:
                error = f"{type(bad).__name__}: {bad}"
                cell["outputs"].append(
                    {"output_type": "error", "ename": type(bad).__name__, "evalue": str(bad), "traceback": [error]}
                )
                break
        return NotebookRun(json.dumps(document).encode(), error)

    def page(self, notebook: bytes) -> str:
        try:
            cells = json.loads(notebook)["cells"]
        except (ValueError, KeyError, TypeError) as bad:
            raise InputError("This is no notebook.", why=str(bad), next="Give the bytes of a run.") from bad
        texts = ["".join(cell["source"]) for cell in cells]
        texts += [str(out.get("text", "")) for cell in cells for out in cell.get("outputs", [])]
        return f"<!doctype html><html><body><pre>{html.escape(chr(10).join(texts))}</pre></body></html>"


def _load(notebook: Path) -> dict[str, Any]:
    try:
        document = json.loads(notebook.read_bytes())
        document["cells"][:0] = []
    except (OSError, ValueError, KeyError, TypeError) as bad:
        raise InputError(f"Notebook {notebook.name} can't be read.", why=str(bad), next="Mend it.") from bad
    return dict(document)
