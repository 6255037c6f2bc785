package environment

import data.lib

counted(act) := value if {
	value := object.get(asked, ["counts", act], 0)
	is_number(value)
} else := 0

# METADATA
# title: Nothing is destroyed by the way
# description: A plan that deletes or replaces something needs allow_destroy; a destroy of the whole has it.
# custom:
#   id: environment/nothing-destroyed
#   severity: deny
#   clears_by: Set allow_destroy, or change the request so that nothing is deleted or replaced.
deny contains lib.finding("environment/nothing-destroyed", "environment/counts", msg, clears) if {
	lost := counted("delete") + counted("replace")
	lost > 0
	object.get(asked, "allow_destroy", false) == false
	msg := lib.say(["The plan deletes or replaces ", lost, " of its resources."])
	clears := "Set allow_destroy, or change the request so that nothing is deleted or replaced."
}

rules contains "environment/nothing-destroyed"

# METADATA
# title: No public endpoint in prod
# description: Load balancers that are not internal, and control planes whose endpoint is public. A warning outside of prod.
# custom:
#   id: environment/private-endpoint
#   severity: deny
#   clears_by: Make the endpoint private.
deny contains lib.finding("environment/private-endpoint", path, msg, clears) if {
	lib.strict
	some path, msg in public
	clears := "Make the endpoint private."
}

warn contains lib.finding("environment/private-endpoint", path, msg, clears) if {
	not lib.strict
	some path, msg in public
	clears := "Make the endpoint private."
}

rules contains "environment/private-endpoint"

internal_marks := {
	"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
	"service.beta.kubernetes.io/aws-load-balancer-internal": "true",
	"service.beta.kubernetes.io/azure-load-balancer-internal": "true",
	"networking.gke.io/load-balancer-type": "Internal",
	"cloud.google.com/load-balancer-type": "Internal",
	"service.beta.kubernetes.io/openstack-internal-load-balancer": "true",
}

is_internal(service) if {
	some key, value in internal_marks
	object.get(service, ["metadata", "annotations", key], "") == value
}

public[path] := msg if {
	asked != {}
	some service in lib.manifests
	service.kind == "Service"
	object.get(service, ["spec", "type"], "") == "LoadBalancer"
	not is_internal(service)
	path := concat("#", [lib.where(service), "/spec/type"])
	msg := "The load balancer has a public address."
}

# Attributes by which the clouds' providers say it, wherever they stand in a resource, and the value that means public.
exposing := {
	"endpoint_public_access": true,
	"enable_private_endpoint": false,
	"private_cluster_enabled": false,
	"publicly_accessible": true,
	"public_network_access_enabled": true,
}

public[path] := msg if {
	some resource in list("resources")
	object.get(resource, "act", "") in {"create", "update", "replace"}
	walk(object.get(resource, "attributes", {}), [steps, value])
	count(steps) > 0
	some name, bad in exposing
	steps[count(steps) - 1] == name
	value == bad
	path := concat("#", [lib.say([object.get(resource, "address", "")]), name])
	msg := lib.say(["The resource says ", name, " = ", bad, "."])
}

# METADATA
# title: Every namespace has an owner
# description: RBAC coverage - among the manifests, each namespace has a RoleBinding for a group.
# custom:
#   id: environment/owner-role
#   severity: deny
#   clears_by: Bind a role in the namespace to the group that answers for it.
deny contains lib.finding("environment/owner-role", path, msg, clears) if {
	asked != {}
	some space in lib.manifests
	space.kind == "Namespace"
	not owned(space)
	path := lib.where(space)
	msg := lib.say(["Nobody is bound to a role in the namespace ", lib.name(space), "."])
	clears := "Bind a role in the namespace to the group that answers for it."
}

rules contains "environment/owner-role"

owned(space) if {
	some binding in lib.manifests
	binding.kind == "RoleBinding"
	lib.namespace(binding) == lib.name(space)
	some subject in object.get(binding, "subjects", [])
	object.get(subject, "kind", "") == "Group"
}

# METADATA
# title: A destroy is confirmed by name
# custom:
#   id: environment/destroy-confirmed
#   severity: deny
#   clears_by: Give the name of the environment as confirm.
deny contains lib.finding("environment/destroy-confirmed", "change/parameters/confirm", msg, clears) if {
	text("action") == "destroy"
	lib.parameter("confirm") != text("name")
	msg := lib.say(["The destroy of ", text("name"), " is not confirmed by its name."])
	clears := "Give the name of the environment as confirm."
}

rules contains "environment/destroy-confirmed"

# METADATA
# title: Nobody else's release is destroyed
# custom:
#   id: environment/not-occupied
#   severity: deny
#   clears_by: Uninstall or move the releases that are not add-ons of the blueprint.
deny contains lib.finding("environment/not-occupied", "environment/occupied", msg, clears) if {
	some release in list("occupied")
	msg := lib.say(["The release ", release, " is still installed."])
	clears := "Uninstall or move the releases that are not add-ons of the blueprint."
}

rules contains "environment/not-occupied"
