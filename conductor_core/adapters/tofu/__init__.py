"""The room of tofu (or terraform): port `Tofu` by the program."""

from conductor_core.adapters.tofu.program import Credentials, TofuProgram

__all__ = ["Credentials", "TofuProgram"]
