# METADATA
# title: May this Change happen, here and now?
# description: Rules on the request itself and on what is known of its target, whatever the manifests say.
package deploy_gate

import data.lib

# METADATA
# title: A Change has a reason
# custom:
#   id: deploy_gate/reason
#   severity: deny
#   clears_by: Request the Change again with a reason.
deny contains lib.finding("deploy_gate/reason", "change/reason", msg, clears) if {
	not reasoned
	msg := "The Change has no reason."
	clears := "Request the Change again with a reason."
}

rules contains "deploy_gate/reason"

reasoned if {
	is_string(input.change.reason)
	trim(input.change.reason, " \t\r\n") != ""
}

# METADATA
# title: The time is known
# description: Freezes are compared as texts, so the time of the decision is RFC 3339 in UTC with whole seconds.
# custom:
#   id: deploy_gate/time
#   severity: deny
#   clears_by: Give the time as 2026-01-31T09:30:00Z.
deny contains lib.finding("deploy_gate/time", path, msg, clears) if {
	some path, time in times
	not lib.utc(time)
	msg := "The time is missing or not RFC 3339 in UTC with whole seconds."
	clears := "Give the time as 2026-01-31T09:30:00Z."
}

rules contains "deploy_gate/time"

times["now"] := object.get(input, ["now"], "")

times[path] := object.get(freeze, [field], "") if {
	some index, freeze in input.live.freezes
	some field in ["from", "until"]
	path := lib.at(["live/freezes", index, field])
}

# METADATA
# title: The target is not frozen
# description: A freeze names a target, or a beginning of one followed by an asterisk.
# custom:
#   id: deploy_gate/freeze
#   severity: deny
#   clears_by: Wait until the freeze ends, or have somebody with the right role override it with a reason.
deny contains lib.finding("deploy_gate/freeze", path, msg, clears) if {
	some index, freeze in active_freezes
	not overridden
	path := lib.at(["live/freezes", index])
	msg := lib.say([input.change.target, " is frozen until ", freeze.until, reason_of(freeze)])
	clears := "Wait until the freeze ends, or have somebody with the right role override it with a reason."
}

warn contains lib.finding("deploy_gate/freeze", path, msg, clears) if {
	some index, _ in active_freezes
	some override in overrides
	path := lib.at(["live/freezes", index])
	msg := lib.say(["The freeze of ", input.change.target, " is overridden by ", override.by, reason_of(override)])
	clears := "Nothing: the override is recorded with the Change."
}

rules contains "deploy_gate/freeze"

reason_of(entry) := concat("", [": ", entry.reason]) if is_string(entry.reason)

reason_of(entry) := "." if not entry.reason

active_freezes[index] := freeze if {
	some index, freeze in input.live.freezes
	concerns(freeze.target, input.change.target)
	every time in [freeze.from, freeze.until, input.now] {
		lib.utc(time)
	}
	freeze.from <= input.now
	input.now < freeze.until
}

concerns(pattern, target) if pattern == target

concerns(pattern, target) if {
	is_string(pattern)
	is_string(target)
	endswith(pattern, "*")
	startswith(target, trim_suffix(pattern, "*"))
}

overrides contains override if {
	some override in input.change.overrides
	override.kind == "freeze"
	override.role in lib.setting("freeze_override_roles", ["captain"])
	is_string(override.reason)
	trim(override.reason, " ") != ""
}

overridden if count(overrides) > 0

# METADATA
# title: The version is not quarantined
# description: A version that was rolled back from stays out until somebody releases it.
# custom:
#   id: deploy_gate/quarantine
#   severity: deny
#   clears_by: Choose another version, or release this one from quarantine with a reason.
deny contains lib.finding("deploy_gate/quarantine", path, msg, clears) if {
	some index, entry in input.live.quarantined
	entry.release == lib.parameter("release")
	entry.version == lib.version
	path := lib.at(["live/quarantined", index])
	msg := lib.say([entry.release, " ", entry.version, " is quarantined", reason_of(entry)])
	clears := "Choose another version, or release this one from quarantine with a reason."
}

rules contains "deploy_gate/quarantine"
