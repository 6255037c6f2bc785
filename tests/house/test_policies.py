"""Our policy bundle: formatted, tested, documented, the same in both engines, and kind to our own charts."""

from __future__ import annotations

import copy
import json
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conductor_core.adapters.opa import OpaEngine
from conductor_core.adapters.policy_files import PolicyFiles
from conductor_core.adapters.rego import RegoEngine
from conductor_core.domain.gates import Result
from conductor_core.domain.policies import PolicyDecision
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.opa_server import serving
from tests.fakes.policy import program
from tests.house.charts import OVERLAYS, Overlay

BUNDLE = PROJECT_ROOT / "policies" / "opa"
FILES = PolicyFiles(BUNDLE)
SCHEMA = json.loads((PROJECT_ROOT / "data/schemas/policy_input.schema.json").read_text(encoding="utf-8"))
TIMEOUT = 60.0
SEEDS = 60


def opa(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program("opa")), *argv], capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def rego() -> RegoEngine:
    return RegoEngine(FILES, timeout=TIMEOUT)


@pytest.fixture(scope="module")
def server() -> Iterator[OpaEngine]:
    with serving() as url:
        engine = OpaEngine(url, FILES, timeout=TIMEOUT)
        yield engine
        engine.close()


def document(overlay: Overlay) -> dict[str, Any]:
    channels = [{"name": name, "version": "1.4.2", "healthy": True} for name in ("dev", "staging", "prod")]
    return {
        "change": {
            "runbook": "deploy_release",
            "target": f"release/{overlay.tier}/{overlay.chart}",
            "tier": overlay.tier,
            "parameters": {"release": overlay.chart, "channel": overlay.tier},
            "requester": "local:requester",
            "reason": "a new version",
        },
        "manifests": copy.deepcopy(overlay.manifests(f"{overlay.chart}-{overlay.tier}")),
        "values": overlay.values(),
        "live": {"channels": channels if overlay.chart == "intelgraph" else [], "freezes": [], "quarantined": []},
        "scans": [],
        "settings": {},
        "now": "2026-11-24T10:00:00Z",
    }


def said(decision: PolicyDecision) -> tuple[Any, ...]:
    return decision.result, decision.denials, decision.warnings, decision.rules_run, decision.bundle_digest


def places(decision: PolicyDecision) -> tuple[Any, ...]:
    """What two engines must agree on whatever the types are: how Go and C++ print a list in a sentence may differ."""
    denied, warned = ({(r.rule, r.path) for r in found} for found in (decision.denials, decision.warnings))
    return decision.result, denied, warned, decision.rules_run


def worst_change() -> dict[str, Any]:
    """A Change that breaks every rule, some only in one tier."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / "worst_change.json").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.opa
def test_bundle_is_formatted_checked_and_tested() -> None:
    assert opa("fmt", "--list", str(BUNDLE)).stdout == ""
    checked = opa("check", "--strict", str(BUNDLE))
    assert checked.returncode == 0, checked.stderr
    tested = opa("test", str(BUNDLE))
    assert tested.returncode == 0, tested.stdout
    assert re.search(r"PASS: (\d+)/\1\b", tested.stdout)


@pytest.mark.opa
def test_every_line_of_a_rule_is_reached_by_its_tests() -> None:
    covered = json.loads(opa("test", "--coverage", str(BUNDLE)).stdout)
    missed = {
        str(Path(name).relative_to(BUNDLE) if Path(name).is_absolute() else name): rows
        for name, found in covered["files"].items()
        if (rows := [row for row in found.get("not_covered", []) if row.get("kinds") != ["early_exit"]])
        and not name.endswith("_test.rego")
    }
    assert missed == {}


def test_a_folder_is_a_package() -> None:
    for path, text in FILES().files:
        [package] = re.findall(r"^package (\S+)$", text, re.MULTILINE)
        assert package == path.rsplit("/", 1)[0].replace("/", ".") + ("_test" if path.endswith("_test.rego") else "")


def test_every_rule_is_documented_and_every_document_is_a_rule(rego: RegoEngine) -> None:
    docs = {doc.id: doc for doc in rego.rules()}
    assert len(docs) == len(rego.rules())
    assert set(rego.families()) == {"deploy_gate", "environment", "values", "workload"}
    text = "\n".join(text for _, text in FILES().modules)
    assert set(re.findall(r'^rules contains "([^"]+)"$', text, re.MULTILINE)) == set(docs)
    assert set(re.findall(r'lib\.finding\("([^"]+)"', text)) == set(docs)
    for doc in docs.values():
        assert doc.id.startswith(f"{doc.family}/")
        assert doc.severity in {"deny", "warn"}
        assert doc.title
        assert doc.clears_by in text.split(f"id: {doc.id}\n", 1)[1].split("# METADATA", 1)[0].split("\ndeny", 1)[0]
        assert f'clears := "{doc.clears_by}"' in text


def test_every_rule_has_a_test_that_names_it() -> None:
    tests = "\n".join(text for path, text in FILES().files if path.endswith("_test.rego"))
    assert [doc.id for doc in FILES().rules if f'"{doc.id}"' not in tests] == []


def test_the_input_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda o: o.name)
def test_our_own_overlays_are_not_denied(overlay: Overlay, rego: RegoEngine) -> None:
    asked = document(overlay)
    jsonschema.validate(asked, SCHEMA)
    for family in rego.families():
        decision = rego.decide(family, asked)
        assert decision.denials == ()
        assert {reason.rule for reason in decision.warnings} <= {
            "deploy_gate/scan-attached",
            "deploy_gate/signature-attached",
        }
        assert decision.rules_run > 0


@pytest.mark.opa
@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda o: o.name)
def test_both_engines_agree_on_our_overlays(overlay: Overlay, rego: RegoEngine, server: OpaEngine) -> None:
    for family in rego.families():
        asked = document(overlay)
        assert said(rego.decide(family, asked)) == said(server.decide(family, asked))


def test_the_manifests_of_infra_are_not_denied(rego: RegoEngine) -> None:
    for path in sorted((PROJECT_ROOT / "infra/k8s").rglob("*.yaml")):
        manifests = [m for m in yaml.safe_load_all(path.read_text(encoding="utf-8")) if m]
        decision = rego.decide("workload", {"change": {"tier": "prod"}, "manifests": manifests})
        assert (path.name, decision.denials) == (path.name, ())


def broken(base: dict[str, Any], seed: int) -> dict[str, Any]:
    """The document with a few things removed, replaced or twisted at random places; the same for the same seed."""
    chance = random.Random(seed)
    spoilers: list[Any] = [None, True, False, 0, 1, "", "latest", "x", "*", [], {}, ["*"], "prod", 2**40, 1.5]
    spoilers += [{"privileged": True}, {"hostPath": {"path": "/"}}, "cluster-admin", 'a"b\\n', "2026-11-24T09:00:00Z"]
    whole = copy.deepcopy(base)
    for _ in range(chance.randint(1, 4)):
        holder: Any = whole
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = chance.choice(keys)
            inner = holder[key]
            if isinstance(inner, dict | list) and inner and chance.random() < 0.9:
                holder = inner
                continue
            if chance.random() < 0.4:
                del holder[key]
            else:
                holder[key] = chance.choice(spoilers)
            break
    return whole


@pytest.mark.opa
@pytest.mark.slow
@pytest.mark.parametrize("family", ["deploy_gate", "environment", "values", "workload"])
def test_both_engines_agree_on_broken_documents(family: str, rego: RegoEngine, server: OpaEngine) -> None:
    bases = (document(OVERLAYS[5]), worst_change())
    seen: set[str] = set()
    for seed in range(SEEDS):
        asked = broken(bases[seed % 2], seed)
        ours, theirs = rego.decide(family, asked), server.decide(family, asked)
        seen |= {reason.rule for reason in ours.denials + ours.warnings}
        both_erred = {r.rule for r in ours.denials} == {r.rule for r in theirs.denials} == {"engine/evaluation-error"}
        assert both_erred or places(ours) == places(theirs), f"seed {seed}"
    assert len(seen) > len([doc for doc in rego.rules() if doc.family == family]) / 2


@pytest.mark.opa
def test_both_engines_agree_on_every_rule(rego: RegoEngine, server: OpaEngine) -> None:
    asked = worst_change()
    fired: set[str] = set()
    for tier in ("dev", "prod"):
        for settings in ({}, {"require_scans": True, "require_signatures": True}):
            for manifests in (asked["manifests"], asked["manifests"][:1]):
                change = {**asked["change"], "tier": tier}
                environment = {**asked["environment"], "installed_blueprint": "c" if settings else "b"}
                worst = {**asked, "change": change, "settings": settings, "manifests": manifests}
                worst["environment"] = environment
                for family in rego.families():
                    ours = rego.decide(family, worst)
                    assert said(ours) == said(server.decide(family, worst))
                    fired |= {reason.rule for reason in ours.denials + ours.warnings}
    assert fired == {doc.id for doc in rego.rules()}


def test_findings_carry_the_documented_way_out(rego: RegoEngine) -> None:
    asked = worst_change()
    docs = {doc.id: doc for doc in rego.rules()}
    found = [reason for family in rego.families() for reason in rego.decide(family, asked).denials]
    assert len({reason.rule for reason in found}) > 15
    for reason in found:
        assert reason.clears_by == docs[reason.rule].clears_by
        assert docs[reason.rule].severity == "deny"


def test_a_family_without_rules_denies_a_real_change(tmp_path: Path) -> None:
    for path, text in FILES().modules:
        kept = text if not path.startswith("values/") else re.sub(r"(?m)^rules contains.*\n", "", text)
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(kept, encoding="utf-8")
    engine = RegoEngine(PolicyFiles(tmp_path), timeout=TIMEOUT)
    assert engine.decide("values", document(OVERLAYS[0])).result is Result.DENY
    assert engine.decide("deploy_gate", document(OVERLAYS[0])).result is Result.WARN
