"""Sign in: what everybody sees who has not said who they are, at whatever address they came to."""

import streamlit as st

from pages import authentication, ui
from services import rights

_left, middle, _right = st.columns([1, 2, 1])
with middle:
    ui.heading("Welcome")
    st.header("Sign in", anchor=False)
    st.caption("Your scheme invited you by email; the password is the one that you chose then.")
    authentication.draw()
    st.html('<a href="/forgot" target="_self" style="color: inherit">Forgot your password?</a>')
    st.html(f'<a href="{rights.PATH}" target="_self" style="color: inherit">{rights.LABEL}</a>')
if ui.is_leaving():
    st.rerun()
