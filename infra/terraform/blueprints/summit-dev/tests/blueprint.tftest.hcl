mock_provider "kubectl" {}

run "one_zone_small_nodes" {
  command = plan

  variables {
    environment = "tryout"
  }

  assert {
    condition     = join(" ", output.nodes.general) == "tryout-general-eu-central-a-0 tryout-general-eu-central-a-1"
    error_message = "The general pool has two nodes in the one zone."
  }

  assert {
    condition     = join(" ", keys(output.networks)) == "eu-central-a"
    error_message = "There is one zone."
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    environment = "TryOut"
  }

  expect_failures = [var.environment]
}
