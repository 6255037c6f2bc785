run "three_zones_share_a_network" {
  command = plan

  variables {
    cidr  = "10.20.0.0/16"
    zones = ["a", "b", "c"]
  }

  assert {
    condition     = output.zones["a"] == { nodes = "10.20.0.0/21", services = "10.20.8.0/21", pods = "10.20.32.0/19" }
    error_message = "The first zone's networks moved."
  }

  assert {
    condition     = output.zones["c"].pods == "10.20.160.0/19"
    error_message = "The third zone's pods moved."
  }

  assert {
    condition     = output.nodes_per_zone == 32
    error_message = "A /19 holds 32 nodes of 256 addresses."
  }
}

run "a_host_address_is_refused" {
  command = plan

  variables {
    cidr  = "10.20.0.1/16"
    zones = ["a"]
  }

  expect_failures = [var.cidr]
}

run "a_zone_twice_is_refused" {
  command = plan

  variables {
    cidr  = "10.20.0.0/16"
    zones = ["a", "a"]
  }

  expect_failures = [var.zones]
}
