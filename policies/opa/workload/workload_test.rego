package workload_test

import data.workload

# A workload that no rule minds.
good_container := {
	"name": "api",
	"image": "registry.summit.example/a/api:1.0.0",
	"securityContext": {
		"allowPrivilegeEscalation": false,
		"readOnlyRootFilesystem": true,
		"capabilities": {"drop": ["ALL"]},
	},
	"resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
	"readinessProbe": {"httpGet": {"path": "/", "port": 80}},
}

labels := {"app": "api", "version": "1.0.0"}

good_pod := {
	"securityContext": {"runAsNonRoot": true},
	"automountServiceAccountToken": false,
	"containers": [good_container],
}

rollout(spec) := {
	"kind": "Rollout",
	"metadata": {"name": "api", "namespace": "prod"},
	"spec": {"replicas": 2, "template": {"metadata": {"labels": labels}, "spec": spec}},
}

budget := {
	"kind": "PodDisruptionBudget",
	"metadata": {"name": "api", "namespace": "prod"},
	"spec": {"selector": {"matchLabels": {"app": "api"}}},
}

policy := {
	"kind": "NetworkPolicy",
	"metadata": {"name": "api", "namespace": "prod"},
	"spec": {"podSelector": {"matchLabels": {"app": "api"}}},
}

around := [budget, policy]

with_container(changes) := [rollout(object.union(good_pod, {"containers": [object.union(good_container, changes)]})), budget, policy]

with_pod(changes) := [rollout(object.union(good_pod, changes)), budget, policy]

denied(manifests, tier) := rules if rules := {finding.rule | some finding in workload.deny} with input as {"change": {"tier": tier}, "manifests": manifests}

warned(manifests, tier) := rules if rules := {finding.rule | some finding in workload.warn} with input as {"change": {"tier": tier}, "manifests": manifests}

test_good_workload_passes if {
	denied(with_pod({}), "prod") == set()
	warned(with_pod({}), "prod") == set()
}

test_every_rule_is_counted if {
	count(workload.rules) == 20
}

test_image_pinned if {
	every tag in ["", ":latest", ":"] {
		image := concat("", ["registry.summit.example/a/api", tag])
		"workload/image-pinned" in denied(with_container({"image": image}), "dev")
	}
	pinned := "registry.summit.example/a/api@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	denied(with_container({"image": pinned}), "prod") == set()
}

test_image_registry if {
	denied(with_container({"image": "nginx:1.0.0"}), "dev") == {"workload/image-registry"}
}

test_version_label if {
	warned(with_container({"image": "registry.summit.example/a/api:1.0.1"}), "dev") == {"workload/version-label"}
}

test_no_privileged if {
	"workload/no-privileged" in denied(with_container({"securityContext": {"privileged": true}}), "dev")
}

test_no_escalation if {
	denied(with_container({"securityContext": {"allowPrivilegeEscalation": true}}), "dev") == {"workload/no-escalation"}
	bare := object.remove(good_container, ["securityContext"])
	"workload/no-escalation" in denied(with_pod({"containers": [bare]}), "dev")
}

test_run_as_non_root if {
	rule := {"workload/run-as-non-root"}
	denied(with_pod({"securityContext": {"runAsNonRoot": false}}), "dev") == rule
	denied(with_pod({"securityContext": {"runAsUser": 0}}), "dev") == rule
	denied(with_container({"securityContext": {"runAsNonRoot": false}}), "dev") == rule
	denied(with_container({"securityContext": {"runAsUser": 0}}), "dev") == rule
	own := {"securityContext": {"runAsNonRoot": true, "allowPrivilegeEscalation": false}}
	manifests := [rollout({"containers": [object.union(good_container, own)]})]
	denied(manifests, "dev") == set()
}

test_no_host_path if {
	denied(with_pod({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}), "dev") == {"workload/no-host-path"}
	denied(with_pod({"volumes": [{"name": "a", "emptyDir": {}}]}), "dev") == set()
}

test_no_host_namespace if {
	every field in ["hostNetwork", "hostPID", "hostIPC"] {
		denied(with_pod({field: true}), "dev") == {"workload/no-host-namespace"}
		denied(with_pod({field: false}), "dev") == set()
	}
}

test_drop_capabilities if {
	warned(with_container({"securityContext": {"capabilities": {"drop": ["NET_RAW"]}}}), "dev") == {"workload/drop-capabilities"}
}

test_read_only_root if {
	warned(with_container({"securityContext": {"readOnlyRootFilesystem": false}}), "dev") == {"workload/read-only-root"}
}

test_resources if {
	every side in ["requests", "limits"] {
		every resource in ["cpu", "memory"] {
			rest := object.remove(good_container.resources[side], [resource])
			resources := object.union(object.remove(good_container.resources, [side]), {side: rest})
			container := object.union(object.remove(good_container, ["resources"]), {"resources": resources})
			denied(with_pod({"containers": [container]}), "dev") == {"workload/resources"}
		}
	}
}

test_readiness_probe if {
	container := object.remove(good_container, ["readinessProbe"])
	warned(with_pod({"containers": [container]}), "dev") == {"workload/readiness-probe"}
	job := {"kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": object.union(good_pod, {"containers": [container]})}}}
	warned([job], "dev") == set()
}

test_replicas if {
	one := json.patch(rollout(good_pod), [{"op": "replace", "path": "/spec/replicas", "value": 1}])
	denied([one, budget, policy], "prod") == {"workload/replicas"}
	denied([one, budget, policy], "staging") == set()
	none := json.remove(rollout(good_pod), ["/spec/replicas"])
	denied([none, budget, policy], "prod") == {"workload/replicas"}
	scaler := {
		"kind": "HorizontalPodAutoscaler",
		"metadata": {"name": "api"},
		"spec": {"minReplicas": 2, "scaleTargetRef": {"kind": "Rollout", "name": "api"}},
	}
	denied([none, scaler, budget, policy], "prod") == set()
	small := json.patch(scaler, [{"op": "replace", "path": "/spec/minReplicas", "value": 1}])
	denied([none, small, budget, policy], "prod") == {"workload/replicas"}
}

test_disruption_budget if {
	denied([rollout(good_pod), policy], "prod") == {"workload/disruption-budget"}
	denied([rollout(good_pod), policy], "dev") == set()
	every patch in [
		{"op": "replace", "path": "/metadata/namespace", "value": "other"},
		{"op": "replace", "path": "/spec/selector/matchLabels", "value": {"app": "ui"}},
		{"op": "replace", "path": "/spec/selector/matchLabels", "value": {}},
	] {
		denied([rollout(good_pod), policy, json.patch(budget, [patch])], "prod") == {"workload/disruption-budget"}
	}
}

test_no_wildcard_role if {
	every kind in ["Role", "ClusterRole"] {
		every field in ["verbs", "resources", "apiGroups"] {
			role := {"kind": kind, "metadata": {"name": "r"}, "rules": [{field: ["get", "*"]}]}
			denied([role], "dev") == {"workload/no-wildcard-role"}
		}
	}
	denied([{"kind": "Role", "metadata": {"name": "r"}, "rules": [{"verbs": ["get"]}]}], "prod") == set()
}

test_no_cluster_admin if {
	binding := {"kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"name": "cluster-admin"}}
	denied([binding], "dev") == {"workload/no-cluster-admin"}
}

named(level) := [{"kind": "Namespace", "metadata": {"name": "n", "labels": {"pod-security.kubernetes.io/enforce": level}}}]

test_namespace_security if {
	denied(named("restricted"), "prod") == set()
	denied(named("baseline"), "dev") == set()
	denied(named("baseline"), "prod") == {"workload/namespace-security"}
	denied(named("privileged"), "dev") == {"workload/namespace-security"}
	denied([{"kind": "Namespace", "metadata": {"name": "n"}}], "dev") == {"workload/namespace-security"}
}

test_no_inline_secret if {
	every field in ["data", "stringData"] {
		warned([{"kind": "Secret", "metadata": {"name": "s"}, field: {"a": "b"}}], "dev") == {"workload/no-inline-secret"}
	}
	warned([{"kind": "Secret", "metadata": {"name": "s"}}], "dev") == set()
}

test_no_default_token if {
	warned(with_pod({"automountServiceAccountToken": true}), "dev") == {"workload/no-default-token"}
	warned(with_pod({"automountServiceAccountToken": true, "serviceAccountName": "api"}), "dev") == set()
}

test_network_policy if {
	warned([rollout(good_pod), budget], "dev") == {"workload/network-policy"}
	everything := json.patch(policy, [{"op": "replace", "path": "/spec/podSelector", "value": {}}])
	warned([rollout(good_pod), everything], "dev") == set()
	other := json.patch(policy, [{"op": "replace", "path": "/spec/podSelector/matchLabels", "value": {"app": "ui"}}])
	warned([rollout(good_pod), other], "dev") == {"workload/network-policy"}
}
