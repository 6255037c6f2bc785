mock_provider "kubectl" {}

variables {
  environment = "blue"
  namespace   = "blue-system"
}

run "it_is_private_unless_said_otherwise" {
  command = plan

  assert {
    condition     = yamldecode(kubectl_manifest.entrance.yaml_body).metadata.annotations["networking.gke.io/load-balancer-type"] == "Internal"
    error_message = "The entrance is public."
  }
}

run "a_public_one_says_so" {
  command = plan

  variables {
    private = false
    allowed = ["192.0.2.0/24"]
  }

  assert {
    condition     = !output.private && yamldecode(kubectl_manifest.entrance.yaml_body).spec.loadBalancerSourceRanges == ["192.0.2.0/24"]
    error_message = "The public entrance lets everybody in."
  }
}

run "a_name_is_no_network" {
  command = plan

  variables {
    allowed = ["office"]
  }

  expect_failures = [var.allowed]
}
