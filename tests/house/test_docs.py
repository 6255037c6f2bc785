"""Every error, runbook and page of the product is found in its documents, with the codes that it really has."""

from pathlib import Path

from conductor_core import errors
from conductor_core.settings import PROJECT_ROOT

DOCS = "".join(p.read_text(encoding="utf-8") for p in [*PROJECT_ROOT.glob("docs/*.md"), PROJECT_ROOT / "README.md"])


def tree(root: type[errors.ConductorError]) -> list[type[errors.ConductorError]]:
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


def test_every_error_is_documented_with_its_codes() -> None:
    for error in tree(errors.ConductorError):
        if error.__module__ == errors.__name__:
            row = f"| `{error.__name__}` | {error.exit_code} | {error.http_status} |"
            assert row in DOCS, row
            assert error.__name__ in (errors.__doc__ or "")


def test_every_runbook_is_documented() -> None:
    for file in (PROJECT_ROOT / "runbooks").glob("*.yaml"):
        assert f"## {file.stem}" in DOCS, file.name


def test_links_between_documents_hold() -> None:
    for document in [*PROJECT_ROOT.glob("docs/*.md"), *PROJECT_ROOT.glob("*.md")]:
        for part in document.read_text(encoding="utf-8").split("](")[1:]:
            target = part.split(")")[0].split("#")[0]
            if target and "://" not in target:
                assert (document.parent / Path(target)).exists(), f"{document.name} links to {target}"
