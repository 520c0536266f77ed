"""The way on, for whoever has just finished something: what waits for them next, one press away."""

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages.ui import plain
from services import home_participant, times
from services.access import Actor


def draw_next(session: Session, actor: Actor, *, beside: str) -> None:
    """The first task of their Home that is not on this screen (`beside`); nothing where nothing waits."""
    tasks, _, _ = home_participant.todo(session, actor, times.day_in(utc_now(), actor.time_zone or "UTC"))
    task = next((task for task in tasks if task.page != beside), None)
    if task is None:
        return
    if st.button(plain(task.sentence), key="next", type="primary", icon=":material/arrow_forward:"):
        st.switch_page(f"{task.page}.py", query_params=dict(task.address))
