package lib_test

import data.lib

digest := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

test_parts_of_an_image if {
	lib.tag("r.example:5000/a/b:1.2") == "1.2"
	lib.tag(concat("@", ["a:1", digest])) == "1"
	not lib.tag("r.example:5000/a/b")
	lib.registry("r.example:5000/a/b:1") == "r.example:5000"
	lib.registry("localhost/a") == "localhost"
	lib.registry("library/nginx") == "docker.io"
	lib.registry("nginx") == "docker.io"
	lib.digested(concat("@", ["a", digest]))
	not lib.digested("a@sha256:short")
}

test_registries if {
	lib.registry_allowed("127.0.0.1:5000/a") with input as {}
	lib.registry_allowed("registry.summit.example/a") with input as {}
	not lib.registry_allowed("nginx") with input as {}
	lib.registry_allowed("nginx") with input as {"settings": {"allowed_registries": ["docker.io"]}}
	not lib.registry_allowed("registry.summit.example/a") with input as {"settings": {"allowed_registries": ["docker.io"]}}
	not lib.registry_allowed("r.example:6000/a") with input as {"settings": {"allowed_registries": ["r.example:5000"]}}
}
