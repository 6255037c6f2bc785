mock_provider "kubectl" {}

variables {
  environment = "blue"
  zones       = { a = { pods = "10.20.32.0/19" }, b = { pods = "10.20.96.0/19" } }
}

run "every_pool_has_its_nodes_in_every_zone" {
  command = plan

  variables {
    pools = { general = { nodes = 2 }, memory = { nodes = 1, cpu = 16, memory = "128Gi", zones = ["b"] } }
  }

  assert {
    condition     = join(" ", output.nodes.general) == "blue-general-a-0 blue-general-a-1 blue-general-b-0 blue-general-b-1" && join(" ", output.nodes.memory) == "blue-memory-b-0"
    error_message = "A pool has the wrong nodes."
  }

  assert {
    condition     = output.cpus == 4 * 4 + 16
    error_message = "The processors are counted wrongly."
  }

  assert {
    condition     = yamldecode(kubectl_manifest.node["blue-memory-b-0"].yaml_body).status.capacity == { cpu = "16", memory = "128Gi", pods = "110" }
    error_message = "A node offers what its pool says."
  }

  assert {
    condition     = length(yamldecode(kubectl_manifest.node["blue-general-a-0"].yaml_body).spec.taints) == 1
    error_message = "Nodes are dedicated unless said otherwise."
  }
}

run "an_unknown_zone_is_refused" {
  command = plan

  variables {
    pools = { general = { nodes = 1, zones = ["z"] } }
  }

  expect_failures = [kubectl_manifest.node]
}

run "an_unknown_effect_is_refused" {
  command = plan

  variables {
    pools = { general = { nodes = 1, taints = [{ key = "a", effect = "Sometimes" }] } }
  }

  expect_failures = [var.pools]
}
