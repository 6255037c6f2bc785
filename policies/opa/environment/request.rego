package environment

import data.lib

# What the Change asks for; empty for Changes of other things, to which no rule here applies.
asked := object.get(input, "environment", {})

text(key) := value if {
	value := object.get(asked, key, "")
	is_string(value)
} else := ""

number(key) := value if {
	value := object.get(asked, key, 0)
	is_number(value)
} else := 0

list(key) := value if {
	value := object.get(asked, key, [])
	is_array(value)
} else := []

limit(key) := value if {
	value := object.get(asked, ["limits", key], 0)
	is_number(value)
} else := 0

# METADATA
# title: Networks share no address
# description: Networks are compared with those of every environment that exists or is asked for, by their first and last address.
# custom:
#   id: environment/network-overlap
#   severity: deny
#   clears_by: Choose a network that no other environment uses.
deny contains lib.finding("environment/network-overlap", path, msg, clears) if {
	some network in list("networks")
	some other in list("others")
	some taken in object.get(other, "networks", [])
	network.first <= taken.last
	taken.first <= network.last
	path := concat("/", ["environment", network.path])
	msg := lib.say([network.cidr, " overlaps ", taken.cidr, " of ", other.name, "."])
	clears := "Choose a network that no other environment uses."
}

rules contains "environment/network-overlap"

# METADATA
# title: Networks are private
# custom:
#   id: environment/network-private
#   severity: warn
#   clears_by: Use a network of RFC 1918 or RFC 4193.
warn contains lib.finding("environment/network-private", path, msg, clears) if {
	some network in list("networks")
	network.private == false
	path := concat("/", ["environment", network.path])
	msg := lib.say([network.cidr, " is a public network."])
	clears := "Use a network of RFC 1918 or RFC 4193."
}

rules contains "environment/network-private"

# METADATA
# title: Nodes are no newer than their API server
# description: Nodes may be three minor versions older than the API server, and never newer.
# custom:
#   id: environment/version-skew
#   severity: deny
#   clears_by: Choose a Kubernetes version between that of the API server and three minor versions before it.
deny contains lib.finding("environment/version-skew", "environment/kubernetes", msg, clears) if {
	asked_for := minor(text("kubernetes"))
	server := minor(text("server"))
	skewed(asked_for, server)
	msg := lib.say(["Nodes of version ", text("kubernetes"), " do not go with the API server of version ", text("server"), "."])
	clears := "Choose a Kubernetes version between that of the API server and three minor versions before it."
}

rules contains "environment/version-skew"

minor(version) := to_number(parts[1]) if {
	regex.match(`^v?1[.][0-9]+([.+-]|$)`, version)
	parts := split(version, ".")
	regex.match(`^[0-9]+$`, parts[1])
}

skewed(ours, theirs) if ours > theirs

skewed(ours, theirs) if ours < theirs - 3

# METADATA
# title: The blueprint's limits are kept
# description: limits in blueprint.yaml say how many nodes and processors one environment, and how many environments the blueprint, may have.
# custom:
#   id: environment/limits
#   severity: deny
#   clears_by: Ask for less, or have the limit in blueprint.yaml raised.
deny contains lib.finding("environment/limits", path, msg, clears) if {
	some key in ["nodes", "cpus"]
	limit(key) > 0
	number(key) > limit(key)
	path := concat("/", ["environment", key])
	msg := lib.say(["It has ", number(key), " ", key, "; the limit is ", limit(key), "."])
	clears := "Ask for less, or have the limit in blueprint.yaml raised."
}

deny contains lib.finding("environment/limits", "environment/limits/environments", msg, clears) if {
	limit("environments") > 0
	text("action") == "provision"
	object.get(asked, "exists", false) == false
	siblings := [other.name | some other in list("others"); other.blueprint == text("blueprint")]
	count(siblings) >= limit("environments")
	msg := lib.say(["There are ", count(siblings), " environments of ", text("blueprint"), "; the limit is ", limit("environments"), "."])
	clears := "Ask for less, or have the limit in blueprint.yaml raised."
}

rules contains "environment/limits"

# METADATA
# title: A name belongs to one blueprint
# custom:
#   id: environment/name-taken
#   severity: deny
#   clears_by: Choose another name, or destroy the environment that has it.
deny contains lib.finding("environment/name-taken", "environment/name", msg, clears) if {
	object.get(asked, "exists", false) == true
	text("installed_blueprint") != ""
	text("installed_blueprint") != text("blueprint")
	msg := lib.say([text("name"), " exists already, made from ", text("installed_blueprint"), "."])
	clears := "Choose another name, or destroy the environment that has it."
}

rules contains "environment/name-taken"

# METADATA
# title: One Change an environment
# custom:
#   id: environment/one-at-a-time
#   severity: warn
#   clears_by: Wait for the other Change, or cancel one of the two.
warn contains lib.finding("environment/one-at-a-time", "environment/pending", msg, clears) if {
	text("pending") != ""
	msg := lib.say(["The Change ", text("pending"), " is about the same environment."])
	clears := "Wait for the other Change, or cancel one of the two."
}

rules contains "environment/one-at-a-time"

# METADATA
# title: Blueprints are not downgraded unseen
# custom:
#   id: environment/no-downgrade
#   severity: warn
#   clears_by: Use the newer version of the blueprint, or say in the reason why not.
warn contains lib.finding("environment/no-downgrade", "environment/version", msg, clears) if {
	text("installed_blueprint") == text("blueprint")
	semver.is_valid(text("version"))
	semver.is_valid(text("installed_version"))
	semver.compare(text("version"), text("installed_version")) < 0
	msg := lib.say(["Version ", text("version"), " is older than ", text("installed_version"), ", which it has now."])
	clears := "Use the newer version of the blueprint, or say in the reason why not."
}

rules contains "environment/no-downgrade"
