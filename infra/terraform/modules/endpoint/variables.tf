variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "namespace" {
  description = "Namespace that the entrance lies in."
  type        = string
}

variable "private" {
  description = "Whether the entrance has an address of the private network only."
  type        = bool
  default     = true
}

variable "allowed" {
  description = "Networks that may come in; empty: every network that can reach the address."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for network in var.allowed : can(cidrhost(network, 0))])
    error_message = "Each entry is a network such as 10.0.0.0/8."
  }
}
