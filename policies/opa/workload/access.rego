package workload

import data.lib

# METADATA
# title: No wildcard in roles
# description: A role that grants every verb, resource or group grants what nobody has thought of.
# custom:
#   id: workload/no-wildcard-role
#   severity: deny
#   clears_by: Name the verbs, resources and API groups that the role needs.
deny contains lib.finding("workload/no-wildcard-role", path, msg, clears) if {
	some manifest in lib.manifests
	manifest.kind in {"Role", "ClusterRole"}
	some index, rule in manifest.rules
	some field in ["verbs", "resources", "apiGroups"]
	"*" in rule[field]
	path := concat("#/", [lib.where(manifest), lib.at(["rules", index, field])])
	msg := sprintf("The role grants every one of its %s.", [field])
	clears := "Name the verbs, resources and API groups that the role needs."
}

rules contains "workload/no-wildcard-role"

# METADATA
# title: Nobody is bound to cluster-admin
# custom:
#   id: workload/no-cluster-admin
#   severity: deny
#   clears_by: Bind a role that names what is needed.
deny contains lib.finding("workload/no-cluster-admin", path, msg, clears) if {
	some manifest in lib.manifests
	manifest.kind in {"RoleBinding", "ClusterRoleBinding"}
	manifest.roleRef.name == "cluster-admin"
	path := concat("#", [lib.where(manifest), "/roleRef/name"])
	msg := "The binding grants cluster-admin."
	clears := "Bind a role that names what is needed."
}

rules contains "workload/no-cluster-admin"

# METADATA
# title: Namespaces enforce Pod Security
# description: Every namespace says baseline or restricted; prod says restricted.
# custom:
#   id: workload/namespace-security
#   severity: deny
#   clears_by: Label the namespace pod-security.kubernetes.io/enforce with restricted.
deny contains lib.finding("workload/namespace-security", path, msg, clears) if {
	some manifest in lib.manifests
	manifest.kind == "Namespace"
	not secured(manifest)
	path := concat("#", [lib.where(manifest), "/metadata/labels/pod-security.kubernetes.io~1enforce"])
	msg := "The namespace does not enforce a Pod Security level that is strict enough."
	clears := "Label the namespace pod-security.kubernetes.io/enforce with restricted."
}

rules contains "workload/namespace-security"

secured(manifest) if manifest.metadata.labels["pod-security.kubernetes.io/enforce"] == "restricted"

secured(manifest) if {
	not lib.strict
	manifest.metadata.labels["pod-security.kubernetes.io/enforce"] == "baseline"
}

# METADATA
# title: Secrets are given by reference
# description: A Secret with content among the manifests has its content in Git or in the values.
# custom:
#   id: workload/no-inline-secret
#   severity: warn
#   clears_by: Name an existing secret in the values, and let the secret store write it.
warn contains lib.finding("workload/no-inline-secret", path, msg, clears) if {
	some manifest in lib.manifests
	manifest.kind == "Secret"
	some field in ["data", "stringData"]
	count(manifest[field]) > 0
	path := concat("#/", [lib.where(manifest), field])
	msg := "The manifests carry the content of a secret."
	clears := "Name an existing secret in the values, and let the secret store write it."
}

rules contains "workload/no-inline-secret"

# METADATA
# title: Pods don't carry a token that they don't use
# custom:
#   id: workload/no-default-token
#   severity: warn
#   clears_by: Set automountServiceAccountToken to false, or give the pod a service account of its own.
warn contains lib.finding("workload/no-default-token", path, msg, clears) if {
	some entry in lib.pods
	object.get(entry.pod, ["spec", "serviceAccountName"], "default") == "default"
	not entry.pod.spec.automountServiceAccountToken == false
	path := concat("/", [entry.path, "spec", "automountServiceAccountToken"])
	msg := "The pod mounts the token of the namespace's default service account."
	clears := "Set automountServiceAccountToken to false, or give the pod a service account of its own."
}

rules contains "workload/no-default-token"

# METADATA
# title: Workloads are covered by a network policy
# custom:
#   id: workload/network-policy
#   severity: warn
#   clears_by: Switch the network policies of the chart on.
warn contains lib.finding("workload/network-policy", path, msg, clears) if {
	some manifest in scaled
	not isolated(manifest)
	path := lib.where(manifest)
	msg := "No NetworkPolicy among the manifests selects the workload's pods."
	clears := "Switch the network policies of the chart on."
}

rules contains "workload/network-policy"

isolated(manifest) if {
	some policy in lib.manifests
	policy.kind == "NetworkPolicy"
	lib.namespace(policy) == lib.namespace(manifest)
	labels := manifest.spec.template.metadata.labels
	every key, value in object.get(policy, ["spec", "podSelector", "matchLabels"], {}) {
		labels[key] == value
	}
}
