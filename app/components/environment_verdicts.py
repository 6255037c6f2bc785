"""What is known of an environment while it is typed: what is missing, what policy says, and what it would be."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components import environment_fields
from app.theme import VERDICT, cell, of, plain
from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.gates import Reason
from conductor_core.services.environments import Live


def show(blueprint: Blueprint, live: Live) -> None:
    """Draw the verdicts."""
    with st.container(border=True):
        st.markdown("**As it stands**")
        shape = live.shape
        told = [f"{network.cidr}: {network.addresses:,} addresses" for _, network in shape.networks]
        told += [f"{shape.nodes} nodes, {shape.cpus} CPU"] if shape.nodes else []
        told += [f"Kubernetes {shape.kubernetes}"] if shape.kubernetes else []
        told += [f"about {blueprint.minutes} min to apply"]
        st.caption(" · ".join(map(plain, told)))
        missing = sum(map(len, live.problems.values()))
        if missing:
            names = ", ".join(name or "the values" for name in live.problems)
            st.markdown(f":orange[! {missing} to mend: {plain(names)}]")
            for text in live.problems.get("", ()):
                environment_fields.wrong(text)
        if live.decision is not None:
            st.markdown(f"policy/environment {cell(of(VERDICT, live.decision.result))}")
            _reasons(live.decision.denials, "red", "✕")
            _reasons(live.decision.warnings, "orange", "!")
        elif not missing:
            st.caption("The policy bundle has no family `environment`.")


def _reasons(reasons: Sequence[Reason], color: str, glyph: str) -> None:
    for reason in reasons:
        st.markdown(f":{color}[{glyph} {plain(reason.text)}]")
        st.caption(f"{plain(reason.rule)} · {plain(reason.clears_by)}")
