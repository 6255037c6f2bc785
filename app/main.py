"""The workbench: `streamlit run app/main.py` from the project's root."""

from __future__ import annotations

import streamlit as st

from app import navigation, session
from app.components import assets, errors, identity, notice_bell, place, sign_in


def main() -> None:
    """Draw the frame, what the last act came to, and the page."""
    st.set_page_config("Maestro Conductor", assets.ICON, layout="wide")
    if not session.signed_in():
        st.navigation(navigation.pages(), position="hidden")  # known, so that a deep link is no error; not drawn
        sign_in.show()
        place.keep()
        return
    page = st.navigation(navigation.pages(), expanded=True)
    with st.sidebar:
        place.go_back()
        identity.show()
        notice_bell.show()
    done = st.session_state.pop(session.NOTICE, "")
    if done:
        st.toast(done, icon=":material/check_circle:")
    refusal = st.session_state.pop(session.REFUSAL, None)
    if refusal is not None:
        errors.show(refusal)
    with errors.unforeseen():
        page.run()


if __name__ == "__main__":
    main()
