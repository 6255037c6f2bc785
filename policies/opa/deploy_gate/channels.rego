package deploy_gate

import data.lib

# METADATA
# title: Versions pass the channels in order
# description: >-
#   The version must run healthily in the channel before this one. Denied in prod, a warning elsewhere and where the
#   setting channel_order is warn. A rollback goes back to what has been there, so it is not asked.
# custom:
#   id: deploy_gate/channel-order
#   severity: deny
#   clears_by: Deploy the version to the channel before this one and let it become healthy there.
deny contains lib.finding("deploy_gate/channel-order", path, msg, clears) if {
	lib.strict
	lib.setting("channel_order", "deny") == "deny"
	some path, msg in out_of_order
	clears := "Deploy the version to the channel before this one and let it become healthy there."
}

warn contains lib.finding("deploy_gate/channel-order", path, msg, clears) if {
	not order_enforced
	some path, msg in out_of_order
	clears := "Deploy the version to the channel before this one and let it become healthy there."
}

rules contains "deploy_gate/channel-order"

order_enforced if {
	lib.strict
	lib.setting("channel_order", "deny") == "deny"
}

brings_version if {
	lib.version != ""
	runbook := object.get(input, ["change", "runbook"], "")
	back := lib.setting("rollback_runbooks", ["rollback_release", "revert_release", "emergency_rollback", "emergency_revert"])
	not runbook in back
}

# The channel before that of the Change, in the order in which live.channels lists them.
previous := [index, input.live.channels[index]] if {
	some at, channel in input.live.channels
	channel.name == lib.parameter("channel")
	at > 0
	index := at - 1
}

out_of_order[path] := msg if {
	brings_version
	[index, channel] := previous
	not channel.version == lib.version
	path := lib.at(["live/channels", index, "version"])
	msg := lib.say(["Channel ", channel.name, " runs ", running(channel), ", not ", lib.version, "."])
}

out_of_order[path] := msg if {
	brings_version
	[index, channel] := previous
	channel.version == lib.version
	not channel.healthy == true
	path := lib.at(["live/channels", index, "healthy"])
	msg := lib.say(["Version ", lib.version, " is not healthy in channel ", channel.name, "."])
}

running(channel) := channel.version if {
	is_string(channel.version)
	channel.version != ""
}

running(channel) := "nothing" if object.get(channel, ["version"], "") in {"", null}
