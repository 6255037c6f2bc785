package lib_test

import data.lib

test_unknown_tier_counts_as_prod if {
	lib.tier == "prod" with input as {}
	lib.tier == "prod" with input as {"change": {"tier": "qa"}}
	lib.strict with input as {"change": {}}
}

test_known_tiers_are_kept if {
	every tier in ["dev", "staging", "prod"] {
		lib.tier == tier with input as {"change": {"tier": tier}}
	}
	not lib.strict with input as {"change": {"tier": "dev"}}
}

test_setting_falls_back if {
	lib.setting("a", 1) == 1 with input as {}
	lib.setting("a", 1) == 2 with input as {"settings": {"a": 2}}
}

test_utc if {
	lib.utc("2026-11-24T10:00:00Z")
	every bad in ["", "2026-11-24", "2026-11-24T10:00:00+01:00", "2026-11-24T10:00:00.5Z", "2026-99-24T10:00:00Z", 5, null] {
		not lib.utc(bad)
	}
}
