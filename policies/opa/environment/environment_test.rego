package environment_test

import data.environment

asked := {
	"name": "blue",
	"action": "provision",
	"blueprint": "small",
	"version": "1.2.0",
	"exists": false,
	"installed_blueprint": "",
	"installed_version": "",
	"pending": "",
	"allow_destroy": false,
	"limits": {"nodes": 4, "cpus": 32, "environments": 2},
	"nodes": 3,
	"cpus": 12,
	"kubernetes": "1.33.1",
	"server": "1.34.4",
	"networks": [{"path": "network_cidr", "cidr": "10.1.0.0/16", "first": "a0", "last": "af", "private": true}],
	"others": [{"name": "red", "blueprint": "small", "networks": [{"cidr": "10.2.0.0/16", "first": "b0", "last": "bf"}]}],
	"counts": {"create": 3, "update": 1, "replace": 0, "delete": 0},
	"resources": [{"address": "x.y", "act": "create", "attributes": {"vpc_config": [{"endpoint_public_access": false}]}}],
	"occupied": [],
}

space := {"kind": "Namespace", "metadata": {"name": "blue-system"}}

bound := {
	"kind": "RoleBinding",
	"metadata": {"name": "operators", "namespace": "blue-system"},
	"subjects": [{"kind": "Group", "name": "platform-operators"}],
}

balancer(annotations) := {
	"kind": "Service",
	"metadata": {"name": "entrance", "namespace": "blue-system", "annotations": annotations},
	"spec": {"type": "LoadBalancer"},
}

patched(path, value) := json.patch(asked, [{"op": "add", "path": path, "value": value}])

denied(document, manifests, tier) := rules if {
	rules := {finding.rule | some finding in environment.deny} with input as {
		"change": {"tier": tier, "parameters": {"confirm": "blue"}},
		"environment": document,
		"manifests": manifests,
	}
}

warned(document, manifests, tier) := rules if {
	rules := {finding.rule | some finding in environment.warn} with input as {
		"change": {"tier": tier},
		"environment": document,
		"manifests": manifests,
	}
}

test_a_good_request_passes if {
	denied(asked, [space, bound], "prod") == set()
	warned(asked, [space, bound], "prod") == set()
}

test_changes_of_other_things_are_not_judged if {
	count(environment.deny) == 0 with input as {"change": {"tier": "prod"}, "manifests": [space, balancer({})]}
	count(environment.warn) == 0 with input as {"change": {"tier": "dev"}, "manifests": [space, balancer({})]}
}

test_nonsense_is_no_error if {
	nonsense := {"networks": 1, "others": null, "nodes": "many", "limits": [], "counts": "", "name": 7, "resources": {}}
	denied(nonsense, [], "prod") == set()
	denied({"nodes": "many", "limits": {"nodes": 1}}, [], "prod") == set()
	warned({"pending": 1}, [], "prod") == set()
	denied({"limits": {"nodes": "x"}, "counts": {"delete": "x"}}, [], "prod") == set()
}

test_every_rule_is_counted if {
	count(environment.rules) == 12
}

test_network_overlap if {
	denied(patched("/networks/0/last", "b0"), [], "dev") == {"environment/network-overlap"}
	denied(patched("/networks/0/first", "c0"), [], "dev") == set()
}

test_network_private if {
	warned(patched("/networks/0/private", false), [], "dev") == {"environment/network-private"}
}

test_version_skew if {
	denied(patched("/kubernetes", "1.35.0"), [], "dev") == {"environment/version-skew"}
	denied(patched("/kubernetes", "v1.30.9"), [], "dev") == {"environment/version-skew"}
	denied(patched("/kubernetes", "1.31.0"), [], "dev") == set()
	denied(patched("/server", ""), [], "dev") == set()
	denied(patched("/kubernetes", "latest"), [], "dev") == set()
}

test_limits if {
	denied(patched("/nodes", 5), [], "dev") == {"environment/limits"}
	denied(patched("/cpus", 33), [], "dev") == {"environment/limits"}
	denied(patched("/limits/environments", 1), [], "dev") == {"environment/limits"}
	denied(patched("/limits", {}), [], "dev") == set()
}

test_name_taken if {
	taken := json.patch(asked, [
		{"op": "add", "path": "/exists", "value": true},
		{"op": "add", "path": "/installed_blueprint", "value": "large"},
	])
	denied(taken, [], "dev") == {"environment/name-taken"}
}

test_one_at_a_time if {
	warned(patched("/pending", "chg-1"), [], "dev") == {"environment/one-at-a-time"}
}

test_no_downgrade if {
	older := json.patch(asked, [
		{"op": "add", "path": "/installed_blueprint", "value": "small"},
		{"op": "add", "path": "/installed_version", "value": "1.10.0"},
	])
	warned(older, [], "dev") == {"environment/no-downgrade"}
}

test_nothing_destroyed if {
	denied(patched("/counts/replace", 1), [], "dev") == {"environment/nothing-destroyed"}
	allowed := json.patch(patched("/counts/delete", 1), [{"op": "add", "path": "/allow_destroy", "value": true}])
	denied(allowed, [], "prod") == set()
}

test_private_endpoint if {
	denied(asked, [balancer({})], "prod") == {"environment/private-endpoint"}
	warned(asked, [balancer({})], "dev") == {"environment/private-endpoint"}
	denied(asked, [balancer({"networking.gke.io/load-balancer-type": "Internal"})], "prod") == set()
	exposed := patched("/resources/0/attributes/vpc_config/0/endpoint_public_access", true)
	denied(exposed, [], "prod") == {"environment/private-endpoint"}
	gone := json.patch(exposed, [{"op": "add", "path": "/resources/0/act", "value": "delete"}])
	denied(gone, [], "prod") == set()
}

test_owner_role if {
	denied(asked, [space], "dev") == {"environment/owner-role"}
	denied(asked, [space, json.patch(bound, [{"op": "remove", "path": "/subjects"}])], "dev") == {"environment/owner-role"}
}

test_destroy_confirmed if {
	denied(patched("/action", "destroy"), [], "prod") == set()
	wrong := json.patch(asked, [
		{"op": "add", "path": "/action", "value": "destroy"},
		{"op": "add", "path": "/name", "value": "red"},
	])
	denied(wrong, [], "prod") == {"environment/destroy-confirmed"}
}

test_not_occupied if {
	denied(patched("/occupied", ["blue-system/shop"]), [], "prod") == {"environment/not-occupied"}
}
