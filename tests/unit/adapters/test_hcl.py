"""HCL text by HashiCorp's own parser, and the slices of it that hold variables."""

from __future__ import annotations

import pytest

from conductor_core.adapters import hcl
from conductor_core.errors import InputError

ODD = """
locals { variable = "no" }
variable "a" { # { a brace in a comment
  type = object({
    x = string // another }
    y = optional(number, 3)
  })
  description = "a } in a text, and ${upper("{")}"
}
/* variable "ghost" { */
  variable b { default = 1 }
variable "c" {
  default = <<-EOT
    }
    text
  EOT
}
resource "x" "y" {}
"""


def test_variables_are_found_with_their_lines_and_types() -> None:
    found = hcl.blocks(ODD, "variables.tf")["variable"]
    assert set(found) == {"a", "b", "c"}
    assert found["a"]["type"] == "object({ x = string y = optional(number, 3) })"
    assert found["c"]["default"] == "}\ntext\n"
    assert {k: v for k, v in hcl.variable_lines(ODD).items() if k in found} == {"a": 3, "b": 11, "c": 12}


def test_a_slice_holds_the_whole_of_each_variable() -> None:
    sliced = hcl.variable_texts(ODD)
    assert set(hcl.blocks(sliced, "v")["variable"]) == {"a", "b", "c"}
    assert "resource" not in sliced
    assert "locals" not in sliced
    assert hcl.variable_texts("") == ""


def test_values_are_hcl_or_json() -> None:
    assert hcl.attributes('a = { b = [1, "x"] }\nc = null\n', "x.tfvars") == {"a": {"b": [1, "x"]}, "c": None}
    assert hcl.attributes('{"a": [true]}', "x.tfvars.json") == {"a": [True]}


@pytest.mark.parametrize(
    ("text", "source", "why"),
    [
        ("a = ", "x.tfvars", "Line 1"),
        ('variable "x" {}', "x.tfvars", ""),
        ("a = 1\nb = [\n", "x.tfvars", "Line 3"),
        ("a = 1\0", "x.tfvars", "NUL"),
        ("[1]", "x.json", "no object"),
        ("{", "x.json", "line 1"),
        ("#" * (hcl.BYTE_CAP + 1), "x.tfvars", "larger"),
    ],
)
def test_what_can_t_be_read_is_told_with_its_place(text: str, source: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        hcl.attributes(text, source)
    assert why in caught.value.why
