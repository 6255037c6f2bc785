"""The scripts and styles of the components that Streamlit has no element for; no data is ever put into them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_FOLDER = Path(__file__).parent
ICON = str(_FOLDER / "icon.svg")
"""The product's own icon: a Material symbol here would be fetched from another host."""


def component(name: str, html: str) -> ComponentRenderer:
    """The component whose script and style are `<name>.js` and `<name>.css` here; `html` is constant."""
    css, js = ((_FOLDER / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component(f"conductor_{name}", html=html, css=css, js=js)
