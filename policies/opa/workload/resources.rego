package workload

import data.lib

# METADATA
# title: Containers say what they need
# description: Requests of cpu and memory, so that the scheduler can place them, and limits, so that one can't starve the rest.
# custom:
#   id: workload/resources
#   severity: deny
#   clears_by: Set requests and limits of cpu and memory in the values.
deny contains lib.finding("workload/resources", path, msg, clears) if {
	some entry in lib.containers
	some side in ["requests", "limits"]
	some resource in ["cpu", "memory"]
	not entry.container.resources[side][resource]
	path := concat("/", [entry.path, "resources", side, resource])
	msg := sprintf("The container sets no %s of %s.", [side, resource])
	clears := "Set requests and limits of cpu and memory in the values."
}

rules contains "workload/resources"

# METADATA
# title: Containers say when they are ready
# description: Without a readiness probe a rollout can't tell a good version from a bad one. Jobs need none.
# custom:
#   id: workload/readiness-probe
#   severity: warn
#   clears_by: Add a readinessProbe on the port that the container serves.
warn contains lib.finding("workload/readiness-probe", path, msg, clears) if {
	some entry in lib.pods
	entry.object.kind in lib.scaled_kinds
	some index, container in entry.pod.spec.containers
	not container.readinessProbe
	path := lib.at([entry.path, "spec/containers", index, "readinessProbe"])
	msg := "The container has no readiness probe."
	clears := "Add a readinessProbe on the port that the container serves."
}

rules contains "workload/readiness-probe"
