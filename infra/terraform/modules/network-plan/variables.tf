variable "cidr" {
  description = "Addresses of the whole environment."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0], false)
    error_message = "Write a network such as 10.20.0.0/16: an IPv4 address with no bits set behind the prefix."
  }
}

variable "zones" {
  description = "Zones that share the addresses, in their order; a new one goes to the end, or the others move."
  type        = list(string)

  validation {
    condition     = length(var.zones) > 0 && length(var.zones) == length(distinct(var.zones)) && length(var.zones) <= 4
    error_message = "Name one to four zones, each once."
  }
}

variable "node_addresses" {
  description = "Addresses that one node's pods get, as a power of two."
  type        = number
  default     = 256

  validation {
    condition     = contains([64, 128, 256, 512, 1024], var.node_addresses)
    error_message = "Use 64, 128, 256, 512 or 1024."
  }
}
