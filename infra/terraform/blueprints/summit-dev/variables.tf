variable "environment" {
  description = "Name of the environment; everything in it is named after it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.environment))
    error_message = "Use 3 to 20 lower-case letters, digits and dashes, a letter first, no dash at the end."
  }
}

variable "owner" {
  description = "Group that answers for the environment: <owner>-operators may act in it, <owner>-viewers may look."
  type        = string
  default     = "platform"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.owner))
    error_message = "Use the name of a group: lower-case letters, digits and dashes."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes version of the nodes."
  type        = string
  default     = "1.34.4"

  validation {
    condition     = can(regex("^1\\.[0-9]{1,2}\\.[0-9]{1,2}$", var.kubernetes_version))
    error_message = "Write it as 1.34.4."
  }
}

variable "network_cidr" {
  description = "Addresses of the whole environment; no other environment may share one of them."
  type        = string
  default     = "10.60.0.0/18"

  validation {
    condition     = can(cidrnetmask(var.network_cidr)) && try(cidrhost(var.network_cidr, 0) == split("/", var.network_cidr)[0], false)
    error_message = "Write a network such as 10.40.0.0/16: an IPv4 address with no bits set behind the prefix."
  }

  validation {
    condition     = try(tonumber(split("/", var.network_cidr)[1]) <= 20, false)
    error_message = "The environment needs a network of at least /20."
  }
}

variable "region" {
  description = "Region that the nodes stand in."
  type        = string
  default     = "eu-central"
}

variable "zone" {
  description = "The one zone that the nodes stand in."
  type        = string
  default     = "eu-central-a"
}

variable "node_pools" {
  description = "Node pools by name: nodes in each zone, and what one node offers."
  type = map(object({
    nodes  = number
    cpu    = optional(number, 2)
    memory = optional(string, "8Gi")
    zones  = optional(list(string), [])
    labels = optional(map(string), {})
    taints = optional(list(object({
      key    = string
      value  = optional(string, "")
      effect = optional(string, "NoSchedule")
    })), [])
  }))
  default = {
    general = { nodes = 2 }
  }

  validation {
    condition     = length(var.node_pools) > 0 && sum(concat([0], [for pool in var.node_pools : pool.nodes])) > 0
    error_message = "At least one pool has at least one node."
  }

  validation {
    condition     = alltrue([for name in keys(var.node_pools) : can(regex("^[a-z][a-z0-9]{0,19}$", name))])
    error_message = "A pool is named with 1 to 20 lower-case letters and digits, a letter first."
  }

  validation {
    condition     = alltrue([for pool in var.node_pools : can(regex("^[1-9][0-9]*(Mi|Gi)$", pool.memory))])
    error_message = "Write the memory of a node as 16Gi or 8192Mi."
  }
}

variable "namespaces" {
  description = "Namespaces by name: what they are part of, and how much they may ask for together."
  type = map(object({
    part_of        = optional(string, "summit")
    cpu            = optional(string, "8")
    memory         = optional(string, "16Gi")
    pods           = optional(number, 60)
    load_balancers = optional(number, 0)
    ingress_from   = optional(list(string), [])
  }))
  default = {
    intelgraph = { part_of = "intelgraph" }
    system     = { part_of = "maestro-conductor", cpu = "4", memory = "8Gi" }
  }
}

variable "intelgraph" {
  description = "Whether IntelGraph is installed into the namespace `intelgraph` of the environment."
  type        = bool
  default     = false
}
