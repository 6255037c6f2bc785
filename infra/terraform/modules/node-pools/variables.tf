variable "environment" {
  description = "Name of the environment; nodes are named after it."
  type        = string
}

variable "zones" {
  description = "By zone: `pods`, the network from which its nodes' pods get their addresses."
  type        = map(object({ pods = string }))
}

variable "pools" {
  description = "Pools by name: how many nodes in each of its zones, and what each node offers."
  type = map(object({
    nodes  = number
    cpu    = optional(number, 4)
    memory = optional(string, "16Gi")
    zones  = optional(list(string), [])
    labels = optional(map(string), {})
    taints = optional(list(object({
      key    = string
      value  = optional(string, "")
      effect = optional(string, "NoSchedule")
    })), [])
  }))

  validation {
    condition     = alltrue([for pool in var.pools : pool.nodes >= 0 && pool.nodes <= 100 && floor(pool.nodes) == pool.nodes])
    error_message = "A pool has 0 to 100 nodes a zone."
  }

  validation {
    condition = alltrue(flatten([
      for pool in var.pools : [for taint in pool.taints : contains(["NoSchedule", "PreferNoSchedule", "NoExecute"], taint.effect)]
    ]))
    error_message = "The effect of a taint is NoSchedule, PreferNoSchedule or NoExecute."
  }
}

variable "kubernetes_version" {
  description = "Version that the nodes report."
  type        = string
  default     = "1.34.4"
}

variable "region" {
  description = "Region label of the nodes."
  type        = string
  default     = "local"
}

variable "dedicated" {
  description = "Whether only pods that tolerate the environment's taint are placed on its nodes."
  type        = bool
  default     = true
}
