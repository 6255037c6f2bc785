variable "environment" {
  description = "Name of the environment; namespaces are named `<environment>-<name>`."
  type        = string
}

variable "tier" {
  description = "Tier that the namespaces carry: dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.tier)
    error_message = "A tier is dev, staging or prod."
  }
}

variable "owner" {
  description = "Group that answers for the namespaces: `<owner>-operators` may act in them, `<owner>-viewers` may look."
  type        = string
}

variable "namespaces" {
  description = "Namespaces by name: what they are part of, who may enter, and how much they may ask for."
  type = map(object({
    part_of        = optional(string, "summit")
    cpu            = optional(string, "8")
    memory         = optional(string, "16Gi")
    pods           = optional(number, 60)
    load_balancers = optional(number, 0)
    ingress_from   = optional(list(string), [])
  }))
}
