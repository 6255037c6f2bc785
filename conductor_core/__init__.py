"""Maestro Conductor: decides, records and carries out every change to a Kubernetes estate."""

__version__ = "0.1.0"
