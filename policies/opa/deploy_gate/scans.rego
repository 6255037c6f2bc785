package deploy_gate

import data.lib

default_thresholds := {"critical": 0, "high": 10}

thresholds := lib.setting("scan_thresholds", default_thresholds)

# Each image once, with the first place that names it.
first_use[image] := path if {
	some entry in lib.images
	image := entry.image
	path := min({other.path | some other in lib.images; other.image == image})
}

# The reports of one kind about one image: its reference, or its digest.
reports(kind, image) := [report |
	some report in input.scans
	report.kind == kind
	about(report, image)
]

about(report, image) if report.image == image

about(report, image) if {
	is_string(report.digest)
	report.digest != ""
	endswith(image, concat("@", ["", report.digest]))
}

# METADATA
# title: Vulnerabilities stay under the thresholds
# description: >-
#   Counts by severity of each attached report against the setting scan_thresholds. Above it is denied in staging and
#   prod and a warning in dev.
# custom:
#   id: deploy_gate/scan-threshold
#   severity: deny
#   clears_by: Build the image on a mended base, or have the finding waived with a ticket.
deny contains lib.finding("deploy_gate/scan-threshold", path, msg, clears) if {
	lib.tier != "dev"
	some path, msg in too_many
	clears := "Build the image on a mended base, or have the finding waived with a ticket."
}

warn contains lib.finding("deploy_gate/scan-threshold", path, msg, clears) if {
	lib.tier == "dev"
	some path, msg in too_many
	clears := "Build the image on a mended base, or have the finding waived with a ticket."
}

rules contains "deploy_gate/scan-threshold"

too_many[path] := msg if {
	some index, report in input.scans
	report.kind == "vulnerabilities"
	some severity, most in thresholds
	found := report.counts[severity]
	exceeds(found, most)
	path := lib.at(["scans", index, "counts", severity])
	msg := lib.say([report.image, " has ", found, " ", severity, " vulnerabilities; ", most, " are allowed."])
}

exceeds(found, most) if {
	is_number(found)
	is_number(most)
	found > most
}

# A count that is no number says nothing good.
exceeds(found, _) if not is_number(found)

# METADATA
# title: A scan report is attached
# description: A warning; denied in prod where the setting require_scans is true.
# custom:
#   id: deploy_gate/scan-attached
#   severity: deny
#   clears_by: Attach a Trivy or Grype report of the image to the Change.
deny contains lib.finding("deploy_gate/scan-attached", path, msg, clears) if {
	lib.strict
	lib.setting("require_scans", false) == true
	some path, msg in unscanned
	clears := "Attach a Trivy or Grype report of the image to the Change."
}

warn contains lib.finding("deploy_gate/scan-attached", path, msg, clears) if {
	not scans_required
	some path, msg in unscanned
	clears := "Attach a Trivy or Grype report of the image to the Change."
}

rules contains "deploy_gate/scan-attached"

scans_required if {
	lib.strict
	lib.setting("require_scans", false) == true
}

unscanned[path] := msg if {
	some image, path in first_use
	count(reports("vulnerabilities", image)) == 0
	msg := sprintf("No scan report of %s is attached.", [image])
}

# METADATA
# title: Signatures verify
# description: A signature report that says no is a denial everywhere.
# custom:
#   id: deploy_gate/signature
#   severity: deny
#   clears_by: Sign the image with the release key, or promote the image that was signed.
deny contains lib.finding("deploy_gate/signature", path, msg, clears) if {
	some index, report in input.scans
	report.kind == "signature"
	not report.verified == true
	path := lib.at(["scans", index, "verified"])
	msg := sprintf("The signature of %s does not verify.", [report.image])
	clears := "Sign the image with the release key, or promote the image that was signed."
}

rules contains "deploy_gate/signature"

# METADATA
# title: A signature was checked
# description: A warning; denied in prod where the setting require_signatures is true.
# custom:
#   id: deploy_gate/signature-attached
#   severity: deny
#   clears_by: Have the image's signature verified and the result attached to the Change.
deny contains lib.finding("deploy_gate/signature-attached", path, msg, clears) if {
	lib.strict
	lib.setting("require_signatures", false) == true
	some path, msg in unsigned
	clears := "Have the image's signature verified and the result attached to the Change."
}

warn contains lib.finding("deploy_gate/signature-attached", path, msg, clears) if {
	not signatures_required
	some path, msg in unsigned
	clears := "Have the image's signature verified and the result attached to the Change."
}

rules contains "deploy_gate/signature-attached"

signatures_required if {
	lib.strict
	lib.setting("require_signatures", false) == true
}

unsigned[path] := msg if {
	some image, path in first_use
	count(reports("signature", image)) == 0
	msg := sprintf("No signature of %s was checked.", [image])
}
