mock_provider "kubectl" {}

variables {
  environment  = "blue"
  network_cidr = "10.40.0.0/16"
}

run "two_pools_and_two_namespaces" {
  command = plan

  variables {
    node_pools = { general = { nodes = 2 }, memory = { nodes = 1, cpu = 16, memory = "128Gi" } }
  }

  assert {
    condition     = length(output.nodes.general) == 2 && join("", output.nodes.memory) == "blue-memory-local-a-0"
    error_message = "A pool has the wrong nodes."
  }

  assert {
    condition     = output.namespaces.intelgraph == "blue-intelgraph"
    error_message = "Namespaces are named after the environment."
  }
}

run "a_small_network_is_refused" {
  command = plan

  variables {
    network_cidr = "10.40.0.0/24"
  }

  expect_failures = [var.network_cidr]
}

run "an_environment_without_nodes_is_refused" {
  command = plan

  variables {
    node_pools = { general = { nodes = 0 } }
  }

  expect_failures = [var.node_pools]
}
