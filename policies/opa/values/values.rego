# METADATA
# title: What the merged values say
# description: Rules that need no schema of the chart. They look at keys by their names, wherever they stand.
package values

import data.lib

found contains {"path": path, "key": key, "value": value} if {
	walk(object.get(input, ["values"], {}), [path, value])
	count(path) > 0
	key := path[count(path) - 1]
	is_string(key)
}

pointer(path) := lib.at(array.concat(["values"], path))

# METADATA
# title: No secret stands in the values
# description: >-
#   A text under a key that means a secret. References are fine: keys that end in name, key, ref, file, path or secret
#   name where it is; so does everything below a key named keys, and secret://name is a reference too.
# custom:
#   id: values/no-secret
#   severity: deny
#   clears_by: Put the secret into the secret store and give its name (existingSecret).
deny contains lib.finding("values/no-secret", pointer(entry.path), msg, clears) if {
	some entry in found
	is_string(entry.value)
	entry.value != ""
	secret_key(lower(entry.key))
	not below_keys(entry.path)
	not startswith(entry.value, "secret://")
	msg := sprintf("The value of %s looks like a secret.", [entry.key])
	clears := "Put the secret into the secret store and give its name (existingSecret)."
}

rules contains "values/no-secret"

# A map from variables to keys in a secret names places, not contents.
below_keys(path) if "keys" in path

secret_key(key) if {
	some word in ["password", "passwd", "passphrase", "token", "apikey", "api_key", "privatekey", "private_key", "credential"]
	contains(key, word)
	not reference_key(key)
}

secret_key("secret")

secret_key(key) if {
	some word in ["secretvalue", "clientsecret", "client_secret", "secretaccesskey", "secret_access_key"]
	endswith(key, word)
}

reference_key(key) if {
	some ending in ["name", "secretkey", "ref", "file", "path", "secret", "url", "ttl", "enabled"]
	endswith(key, ending)
}

# METADATA
# title: Two replicas in prod
# description: Every replicaCount, unless the autoscaling beside it is on.
# custom:
#   id: values/replica-count
#   severity: deny
#   clears_by: Set replicaCount to 2 or more in the overlay of prod.
deny contains lib.finding("values/replica-count", pointer(entry.path), msg, clears) if {
	lib.strict
	some entry in found
	entry.key == "replicaCount"
	is_number(entry.value)
	entry.value < 2
	not autoscaled(entry.path)
	msg := sprintf("replicaCount is %v in prod.", [entry.value])
	clears := "Set replicaCount to 2 or more in the overlay of prod."
}

rules contains "values/replica-count"

autoscaled(path) if {
	beside := array.concat(array.slice(path, 0, count(path) - 1), ["autoscaling", "enabled"])
	object.get(input.values, beside, false) == true
}

# METADATA
# title: Tags are versions in prod
# description: An image (an object with repository and tag) names a version or a digest in prod, and is not latest anywhere.
# custom:
#   id: values/tag-pinned
#   severity: deny
#   clears_by: Set the tag to a version such as 1.4.2, or give a digest.
deny contains lib.finding("values/tag-pinned", pointer(entry.path), msg, clears) if {
	some entry in found
	entry.key == "tag"
	image_of(entry.path)
	not pinned(entry)
	msg := sprintf("The tag %v is no version.", [entry.value])
	clears := "Set the tag to a version such as 1.4.2, or give a digest."
}

rules contains "values/tag-pinned"

image_of(path) if {
	image := object.get(input.values, array.slice(path, 0, count(path) - 1), {})
	image.repository
}

pinned(entry) if {
	image := object.get(input.values, array.slice(entry.path, 0, count(entry.path) - 1), {})
	is_string(image.digest)
	regex.match(`^sha256:[0-9a-f]{64}$`, image.digest)
}

pinned(entry) if {
	is_string(entry.value)
	regex.match(`^v?[0-9]+[.][0-9]+[.][0-9]+([-+][0-9A-Za-z.+-]+)?$`, entry.value)
}

pinned(entry) if {
	not lib.strict
	is_string(entry.value)
	entry.value != "latest"
}
