mock_provider "kubectl" {}

variables {
  environment = "blue"
  tier        = "dev"
  owner       = "platform"
}

run "each_namespace_is_closed_bound_and_limited" {
  command = plan

  variables {
    namespaces = { intelgraph = { part_of = "intelgraph", cpu = "2" }, system = {} }
  }

  assert {
    condition     = output.names == { intelgraph = "blue-intelgraph", system = "blue-system" }
    error_message = "Namespaces are named after the environment."
  }

  assert {
    condition = alltrue([
      for space in kubectl_manifest.namespace : yamldecode(space.yaml_body).metadata.labels["pod-security.kubernetes.io/enforce"] == "restricted"
    ])
    error_message = "Every namespace enforces restricted."
  }

  assert {
    condition     = length(kubectl_manifest.binding) == 6 && length(kubectl_manifest.network) == 2 && length(kubectl_manifest.limits) == 2
    error_message = "Each namespace has three bindings, a network policy and a limit range."
  }

  assert {
    condition     = yamldecode(kubectl_manifest.quota["intelgraph"].yaml_body).spec.hard["requests.cpu"] == "2"
    error_message = "The quota is what was asked for."
  }
}

run "an_unknown_tier_is_refused" {
  command = plan

  variables {
    tier       = "moon"
    namespaces = {}
  }

  expect_failures = [var.tier]
}
