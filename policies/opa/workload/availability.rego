package workload

import data.lib

scaled contains manifest if {
	some manifest in lib.manifests
	manifest.kind in lib.scaled_kinds
}

# METADATA
# title: Two replicas in prod
# description: Fixed or least by an autoscaler. Elsewhere one replica is enough.
# custom:
#   id: workload/replicas
#   severity: deny
#   clears_by: Set at least two replicas in the overlay of prod, or an autoscaler with that least number.
deny contains lib.finding("workload/replicas", path, msg, clears) if {
	lib.strict
	some manifest in scaled
	not scaled_out(manifest)
	path := concat("#", [lib.where(manifest), "/spec/replicas"])
	msg := "The workload can run with fewer than two replicas in prod."
	clears := "Set at least two replicas in the overlay of prod, or an autoscaler with that least number."
}

rules contains "workload/replicas"

scaled_out(manifest) if {
	is_number(manifest.spec.replicas)
	manifest.spec.replicas >= 2
}

scaled_out(manifest) if {
	not manifest.spec.replicas
	some scaler in lib.manifests
	scaler.kind == "HorizontalPodAutoscaler"
	scaler.spec.scaleTargetRef.kind == manifest.kind
	scaler.spec.scaleTargetRef.name == manifest.metadata.name
	is_number(scaler.spec.minReplicas)
	scaler.spec.minReplicas >= 2
}

# METADATA
# title: A disruption budget in prod
# description: A budget in the same namespace whose labels the workload's pods carry.
# custom:
#   id: workload/disruption-budget
#   severity: deny
#   clears_by: Switch the disruption budget of the chart on in the overlay of prod.
deny contains lib.finding("workload/disruption-budget", path, msg, clears) if {
	lib.strict
	some manifest in scaled
	not budgeted(manifest)
	path := lib.where(manifest)
	msg := "No PodDisruptionBudget covers the workload: one drained node can take it down."
	clears := "Switch the disruption budget of the chart on in the overlay of prod."
}

rules contains "workload/disruption-budget"

budgeted(manifest) if {
	some budget in lib.manifests
	budget.kind == "PodDisruptionBudget"
	lib.namespace(budget) == lib.namespace(manifest)
	labels := manifest.spec.template.metadata.labels
	wanted := budget.spec.selector.matchLabels
	count(wanted) > 0
	every key, value in wanted {
		labels[key] == value
	}
}
