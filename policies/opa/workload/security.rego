package workload

import data.lib

# METADATA
# title: No privileged container
# custom:
#   id: workload/no-privileged
#   severity: deny
#   clears_by: Remove securityContext.privileged; ask for the single capability that is needed.
deny contains lib.finding("workload/no-privileged", path, msg, clears) if {
	some entry in lib.containers
	entry.container.securityContext.privileged == true
	path := concat("/", [entry.path, "securityContext", "privileged"])
	msg := "The container is privileged: it can do everything on its node."
	clears := "Remove securityContext.privileged; ask for the single capability that is needed."
}

rules contains "workload/no-privileged"

# METADATA
# title: No container gains privileges
# custom:
#   id: workload/no-escalation
#   severity: deny
#   clears_by: Set securityContext.allowPrivilegeEscalation to false.
deny contains lib.finding("workload/no-escalation", path, msg, clears) if {
	some entry in lib.containers
	not entry.container.securityContext.allowPrivilegeEscalation == false
	path := concat("/", [entry.path, "securityContext", "allowPrivilegeEscalation"])
	msg := "The container may gain privileges that its parent process lacks."
	clears := "Set securityContext.allowPrivilegeEscalation to false."
}

rules contains "workload/no-escalation"

# METADATA
# title: Containers don't run as root
# description: runAsNonRoot is true for the container or for its pod, and the container doesn't take it back.
# custom:
#   id: workload/run-as-non-root
#   severity: deny
#   clears_by: Set securityContext.runAsNonRoot to true, and runAsUser above 0.
deny contains lib.finding("workload/run-as-non-root", path, msg, clears) if {
	some entry in lib.containers
	not non_root(entry)
	path := concat("/", [entry.path, "securityContext", "runAsNonRoot"])
	msg := "The container may run as root."
	clears := "Set securityContext.runAsNonRoot to true, and runAsUser above 0."
}

rules contains "workload/run-as-non-root"

non_root(entry) if {
	entry.container.securityContext.runAsNonRoot == true
	not entry.container.securityContext.runAsUser == 0
}

non_root(entry) if {
	entry.pod.spec.securityContext.runAsNonRoot == true
	not entry.container.securityContext.runAsNonRoot == false
	not entry.container.securityContext.runAsUser == 0
	not entry.pod.spec.securityContext.runAsUser == 0
}

# METADATA
# title: No volume from the node's disk
# custom:
#   id: workload/no-host-path
#   severity: deny
#   clears_by: Use an emptyDir, a claim, a config map or a secret.
deny contains lib.finding("workload/no-host-path", path, msg, clears) if {
	some entry in lib.pods
	some index, volume in entry.pod.spec.volumes
	volume.hostPath
	path := lib.at([entry.path, "spec/volumes", index, "hostPath"])
	msg := "The pod mounts a folder of its node."
	clears := "Use an emptyDir, a claim, a config map or a secret."
}

rules contains "workload/no-host-path"

# METADATA
# title: No namespace of the node
# custom:
#   id: workload/no-host-namespace
#   severity: deny
#   clears_by: Remove hostNetwork, hostPID and hostIPC.
deny contains lib.finding("workload/no-host-namespace", path, msg, clears) if {
	some entry in lib.pods
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	entry.pod.spec[field] == true
	path := concat("/", [entry.path, "spec", field])
	msg := sprintf("The pod shares its node's namespace (%s).", [field])
	clears := "Remove hostNetwork, hostPID and hostIPC."
}

rules contains "workload/no-host-namespace"

# METADATA
# title: Containers drop all capabilities
# custom:
#   id: workload/drop-capabilities
#   severity: warn
#   clears_by: Set securityContext.capabilities.drop to [ALL] and add back single ones.
warn contains lib.finding("workload/drop-capabilities", path, msg, clears) if {
	some entry in lib.containers
	not drops_all(entry.container)
	path := concat("/", [entry.path, "securityContext", "capabilities", "drop"])
	msg := "The container keeps the default capabilities."
	clears := "Set securityContext.capabilities.drop to [ALL] and add back single ones."
}

rules contains "workload/drop-capabilities"

drops_all(container) if "ALL" in container.securityContext.capabilities.drop

# METADATA
# title: The root file system is read-only
# custom:
#   id: workload/read-only-root
#   severity: warn
#   clears_by: Set securityContext.readOnlyRootFilesystem to true and mount an emptyDir where it writes.
warn contains lib.finding("workload/read-only-root", path, msg, clears) if {
	some entry in lib.containers
	not entry.container.securityContext.readOnlyRootFilesystem == true
	path := concat("/", [entry.path, "securityContext", "readOnlyRootFilesystem"])
	msg := "The container can write into its own image."
	clears := "Set securityContext.readOnlyRootFilesystem to true and mount an emptyDir where it writes."
}

rules contains "workload/read-only-root"
