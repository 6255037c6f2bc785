mock_provider "kubectl" {}

variables {
  environment  = "emea"
  network_cidr = "10.80.0.0/14"
}

run "every_zone_has_every_pool" {
  command = plan

  assert {
    condition     = length(output.nodes.general) == 3 && length(output.nodes.memory) == 3
    error_message = "A pool has one node in each of three zones."
  }

  assert {
    condition     = output.networks["eu-central-b"].pods == "10.81.128.0/17"
    error_message = "The second zone's pods moved."
  }
}

run "two_zones_are_not_production" {
  command = plan

  variables {
    zones = ["eu-central-a", "eu-central-b"]
  }

  expect_failures = [var.zones]
}

run "a_public_entrance_names_who_may_come" {
  command = plan

  variables {
    endpoint = { private = false }
  }

  expect_failures = [var.endpoint]
}
