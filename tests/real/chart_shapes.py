"""Charts of the shapes that published ones have, each with a change: what the comparison is held against an oracle on.

A shape is its files, the values of both sides, and files that the new side has instead (None: not any more).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shape:
    """One chart and its change; `templates` are files below `templates`, `files` any others."""

    templates: Mapping[str, str]
    old: str = ""
    new: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, str | None] = field(default_factory=dict)
    about: str = ""


def _object(kind: str, name: str, rest: str, api: str = "v1", more: str = "") -> str:
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}{more}}}\n{rest}\n"


def _map(name: str, data: str, more: str = "") -> str:
    return _object("ConfigMap", name, f"data: {data}", more=more)


def _pods(kind: str, rest: str, containers: str) -> str:
    spec = (
        f"spec:\n  selector: {{matchLabels: {{app: a}}}}\n{rest}\n  template:\n    metadata: {{labels: {{app: a}}}}\n"
    )
    return _object(kind, "a", f"{spec}    spec:\n      containers:\n{containers}", "apps/v1")


ONE = '      - {name: api, image: "a:{{ .Values.tag }}"}\n'
HELPERS = '{{- define "shop.labels" -}}\napp: shop\ntier: {{ .Values.tier }}\n{{- end -}}\n'
LIBRARY = "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n"
DEFINED = (
    '{{- define "lib.map" -}}\n' + _map("{{ .Release.Name }}-lib", "{v: {{ .Values.v | quote }}}") + "{{- end -}}\n"
)
CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: carts.shop.test}
spec:
  group: shop.test
  scope: Namespaced
  names: {kind: Cart, plural: carts}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
SUB = {
    "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
    "charts/sub/values.yaml": "size: 1\n",
    "charts/sub/templates/map.yaml": _map(
        "sub", "{size: {{ .Values.size | quote }}, g: {{ .Values.global.g | quote }}}"
    ),
}
SHAPES: dict[str, Shape] = {
    "an image tag": Shape({"a.yaml": _pods("Deployment", "  replicas: 2", ONE)}, "tag: 1", "tag: 2"),
    "replicas only when no autoscaler has them": Shape(
        {"a.yaml": _pods("Deployment", "{{ if not .Values.hpa }}  replicas: 2{{ end }}", ONE)},
        "{hpa: false, tag: 1}",
        "{hpa: true, tag: 1}",
    ),
    "a sidecar before the others": Shape(
        {
            "a.yaml": _pods(
                "StatefulSet",
                "  serviceName: a",
                "{{ if .Values.mesh }}      - {name: mesh, image: m}\n{{ end }}" + ONE,
            )
        },
        "{mesh: false, tag: 1}",
        "{mesh: true, tag: 1}",
    ),
    "a daemon set on some nodes": Shape(
        {
            "a.yaml": _pods(
                "DaemonSet",
                "",
                ONE + "      nodeSelector: {{ .Values.nodes | toJson }}\n      tolerations: [{operator: Exists}]\n",
            )
        },
        "{nodes: {a: x}, tag: 1}",
        "{nodes: {a: y, b: z}, tag: 1}",
    ),
    "environment by a range": Shape(
        {
            "a.yaml": _pods(
                "Deployment",
                "",
                ONE + "        env:\n{{ range $k, $v := .Values.env }}"
                "        - {name: {{ $k }}, value: {{ $v | quote }}}\n{{ end }}",
            ).replace('      - {name: api, image: "a:{{ .Values.tag }}"}\n', "      - name: api\n        image: a\n")
        },
        "env: {A: 1, B: 2}",
        "env: {B: 3, C: 4}",
    ),
    "named templates for labels": Shape(
        {
            "_helpers.tpl": HELPERS,
            "a.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n"
            '  labels: {{- include "shop.labels" . | nindent 4 }}\n'
            "spec: {ports: [{port: 80}]}\n",
        },
        "tier: one",
        "tier: two",
    ),
    "a subchart with its own values": Shape(
        {"a.yaml": _map("a", "{x: y}")}, "{global: {g: 1}, sub: {size: 2}}", "{global: {g: 1}, sub: {size: 3}}", SUB
    ),
    "a subchart by a global": Shape({"a.yaml": _map("a", "{x: y}")}, "global: {g: 1}", "global: {g: 2}", SUB),
    "a subchart that is switched off": Shape(
        {"a.yaml": _map("a", "{x: y}")},
        "{global: {g: 1}, sub: {enabled: true}}",
        "{global: {g: 1}, sub: {enabled: false}}",
        SUB,
        about="dependencies: [{name: sub, version: 0.1.0, condition: sub.enabled}]\n",
    ),
    "a subchart under an alias": Shape(
        {"a.yaml": _map("a", "{x: y}")},
        "{global: {g: 1}, other: {size: 5}}",
        "{global: {g: 1}, other: {size: 6}}",
        SUB,
        about="dependencies: [{name: sub, version: 0.1.0, alias: other}]\n",
    ),
    "a library chart": Shape(
        {"a.yaml": '{{ include "lib.map" . }}'},
        "v: 1",
        "v: 2",
        {"charts/lib/Chart.yaml": LIBRARY, "charts/lib/templates/_map.tpl": DEFINED},
    ),
    "a hook that is added": Shape(
        {"a.yaml": _map("a", "{x: y}")},
        later={
            "templates/h.yaml": _object(
                "Job",
                "h",
                "spec: {template: {spec: {restartPolicy: Never}}}",
                "batch/v1",
                ", annotations: {helm.sh/hook: pre-upgrade}",
            )
        },
    ),
    "a hook whose weight changes": Shape(
        {
            "h.yaml": _map(
                "h", "{a: b}", ', annotations: {helm.sh/hook: post-install, helm.sh/hook-weight: "{{ .Values.w }}"}'
            )
        },
        "w: 1",
        "w: -5",
    ),
    "definitions in crds": Shape(
        {"a.yaml": _map("a", "{x: y}")},
        files={"crds/cart.yaml": CRD},
        later={"crds/cart.yaml": CRD.replace("Namespaced", "Cluster")},
    ),
    "a definition that goes": Shape(
        {"a.yaml": _map("a", "{x: y}")}, files={"crds/c.yaml": CRD}, later={"crds/c.yaml": None}
    ),
    "a custom object with false and nought": Shape(
        {"c.yaml": _object("Cart", "c", "spec: {open: {{ .Values.o }}, count: {{ .Values.count }}}", "shop.test/v1")},
        "{o: false, count: 0}",
        "{o: true, count: 0}",
    ),
    "lookup, which finds nothing": Shape(
        {
            "s.yaml": '{{- $s := lookup "v1" "Secret" .Release.Namespace "s" -}}\n'
            + _object("Secret", "s", "data: {k: {{ if $s }}{{ $s.data.k }}{{ else }}{{ .Values.k | b64enc }}{{ end }}}")
        },
        "k: first-secret",
        "k: other-secret",
    ),
    "tpl of values": Shape(
        {"a.yaml": _map("a", "{x: {{ tpl .Values.text . | quote }}}")},
        "text: '{{ .Release.Name }}-one'",
        "text: '{{ .Release.Name }}-two'",
    ),
    "files of the chart": Shape(
        {
            "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
            '{{ (.Files.Glob "conf/*").AsConfig | indent 2 }}\n'
        },
        files={"conf/a.ini": "x = 1\n", "conf/b.ini": "y = 1\n"},
        later={"conf/a.ini": "x = 2\n", "conf/c.ini": "z = 1\n"},
    ),
    "a checksum of another template": Shape(
        {
            "m.yaml": _map("m", "{x: {{ .Values.x | quote }}}"),
            "a.yaml": _pods("Deployment", "", '      - {name: api, image: "a:1"}\n').replace(
                "labels: {app: a}}\n    spec",
                "labels: {app: a}, annotations: {sum: {{ "
                'include (print $.Template.BasePath "/m.yaml") . | sha256sum }}}}\n    spec',
            ),
        },
        "x: 1",
        "x: 2",
    ),
    "capabilities": Shape(
        {
            "a.yaml": '{{ if .Capabilities.APIVersions.Has "apps/v1" }}'
            + _map("a", "{x: {{ .Values.x | quote }}}")
            + "{{ end }}"
        },
        "x: 1",
        "x: 2",
    ),
    "a List kind": Shape(
        {
            "l.yaml": "apiVersion: v1\nkind: List\nitems:\n{{ range .Values.names }}"
            "- {apiVersion: v1, kind: ConfigMap, "
            "metadata: {name: {{ . }}}, data: {a: b}}\n{{ end }}"
        },
        "names: [one, two]",
        "names: [two, three]",
    ),
    "objects in several namespaces": Shape(
        {"a.yaml": _map("a", "{x: {{ .Values.x | quote }}}", ", namespace: elsewhere") + "---\n" + _map("a", "{x: y}")},
        "x: 1",
        "x: 2",
    ),
    "cluster-wide roles": Shape(
        {
            "r.yaml": _object(
                "ClusterRole",
                "r",
                "rules: [{apiGroups: [''], resources: [pods], verbs: {{ .Values.verbs | toJson }}}]",
                "rbac.authorization.k8s.io/v1",
            )
        },
        "verbs: [get, list]",
        "verbs: [get, watch, list]",
    ),
    "ports of a service": Shape(
        {"s.yaml": _object("Service", "s", "spec: {ports: {{ .Values.ports | toJson }}}")},
        "ports: [{name: http, port: 80}, {name: dns, port: 53, protocol: UDP}]",
        "ports: [{name: http, port: 80, targetPort: 8080}, {name: dns, port: 53}]",
    ),
    "an ingress by hosts and paths": Shape(
        {"i.yaml": _object("Ingress", "i", "spec: {rules: {{ .Values.rules | toJson }}}", "networking.k8s.io/v1")},
        "rules: [{host: a.test, http: {paths: [{path: /}, {path: /x}]}}]",
        "rules: [{host: b.test, http: {paths: [{path: /}]}}, "
        "{host: a.test, http: {paths: [{path: /x, pathType: Exact}]}}]",
    ),
    "a network policy of unnamed items": Shape(
        {
            "n.yaml": _object(
                "NetworkPolicy", "net", "spec: {ingress: {{ .Values.from | toJson }}}", "networking.k8s.io/v1"
            )
        },
        "from: [{from: [{podSelector: {}}]}]",
        "from: [{from: [{podSelector: {matchLabels: {a: b}}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]",
    ),
    "a secret as text": Shape(
        {"s.yaml": _object("Secret", "s", "stringData: {password: {{ .Values.p }}, user: u}")},
        "p: canary-one",
        "p: canary-two",
    ),
    "long texts": Shape(
        {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  f: |\n{{ .Values.f | indent 4 }}\n"},
        'f: "a\\nb\\nc"',
        'f: "a\\nB\\nc\\nd"',
    ),
    "numbers, octals and words like truths": Shape(
        {
            "a.yaml": _object(
                "Cart", "a", "spec: {mode: {{ .Values.m }}, word: {{ .Values.w }}, big: 12345678901}", "shop.test/v1"
            )
        },
        "{m: 0o644, w: 'yes'}",
        "{m: 0o600, w: 'no'}",
    ),
    "volumes and mounts": Shape(
        {
            "a.yaml": _pods(
                "Deployment",
                "",
                "      - name: api\n        image: a\n        volumeMounts: {{ .Values.mounts | toJson }}\n",
            )
        },
        "mounts: [{name: d, mountPath: /a}, {name: d, mountPath: /b}]",
        "mounts: [{name: d, mountPath: /b, readOnly: true}, {name: e, mountPath: /c}]",
    ),
    "a rename": Shape({"a.yaml": _map("{{ .Values.title }}", "{x: y}")}, "title: before", "title: after"),
    "a kind that changes": Shape(
        {"a.yaml": _object("{{ .Values.k }}", "a", "spec: {x: y}", "apps/v1")}, "k: Deployment", "k: StatefulSet"
    ),
    "an API version that changes": Shape(
        {"p.yaml": _object("PodDisruptionBudget", "p", "spec: {minAvailable: 1}", "policy/{{ .Values.v }}")},
        "v: v1beta1",
        "v: v1",
    ),
    "empty documents and comments": Shape(
        {
            "a.yaml": "# nothing\n---\n---\n"
            + _map("a", "{x: {{ .Values.x | quote }}}")
            + "---\n{{ if false }}x{{ end }}\n"
        },
        "x: 1",
        "x: 2",
    ),
    "a values file that has lists": Shape(
        {
            "a.yaml": _pods(
                "Deployment", "", "      - name: api\n        image: a\n        args: {{ .Values.args | toJson }}\n"
            )
        },
        "args: [--a, --b, --c]",
        "args: [--a, --x, --b]",
    ),
}
