"""The sign-in form of streamlit-authenticator over our own accounts and sessions.

Everything of that package which decides or remembers is replaced here: it draws the form, and nothing else. Its version
is pinned, because these are its insides; a change of them shall break the tests of this file and not the door.
"""

from typing import Any

import streamlit as st
from streamlit_authenticator.controllers import AuthenticationController, CookieController
from streamlit_authenticator.models import AuthenticationModel, CookieModel
from streamlit_authenticator.utilities import LoginError
from streamlit_authenticator.views import Authenticate

from pages import ui
from services import accounts, storage


class DatabaseModel(AuthenticationModel):  # type: ignore[misc]
    """Asks our accounts instead of a dictionary of hashes. `credentials` holds only who has just got in."""

    def check_credentials(self, username: str, password: str) -> bool:
        with storage.reading() as session:
            account_id = accounts.check_password(
                session, email=username, password=password, network_address=ui.network_address()
            )
        if account_id is None:
            return False
        self.credentials["usernames"][username] = {"name": username, "email": username, "account_id": account_id}
        return True


class UntrimmedController(AuthenticationController):  # type: ignore[misc]
    """Hands the password on as typed: the package would cut blanks off its ends."""

    def __init__(self, model: DatabaseModel) -> None:
        self.authentication_model = model

    def login(self, username: str | None = None, password: str | None = None, *_: Any, **__: Any) -> bool | None:
        answer: bool | None = self.authentication_model.login(username, password) if username and password else None
        return answer


class TicketCookie(CookieModel):  # type: ignore[misc]
    """Goes on after a right password: to the address that sets our cookie, or to the page that asks for a code."""

    def __init__(self, model: DatabaseModel) -> None:
        # Not the package's own: it would draw a frame on every page that reads all cookies.
        self._model = model

    def get_cookie(self) -> None:
        """Nobody: whoever has a session of ours is never shown this form."""

    def set_cookie(self) -> None:
        found = self._model.credentials["usernames"][st.session_state["username"]]
        with storage.reading() as session:
            address = accounts.sign_in(session, found["account_id"], network_address=ui.network_address())
        ui.leave_for(address)

    def delete_cookie(self) -> None:
        ui.leave_for("/auth/sign-out")


class CookieOfOurs(CookieController):  # type: ignore[misc]
    def __init__(self, model: TicketCookie) -> None:
        self.cookie_model = model


class SignInForm(Authenticate):  # type: ignore[misc]
    """The package's form, made without the parts that it would mount by itself."""

    def __init__(self) -> None:
        model = DatabaseModel(credentials={"usernames": {}})
        self.path = None
        self.attrs = {"login_sleep_time": 0}
        self.authentication_controller = UntrimmedController(model)
        self.cookie_controller = CookieOfOurs(TicketCookie(model))

    def login(self) -> None:
        """As the package does, but for what it cannot be told: it switches autocomplete off (WCAG 3.3.8)."""
        with st.form("Login"):
            username = st.text_input("Email address", autocomplete="username")
            password = st.text_input("Password", type="password", autocomplete="current-password")
            pressed = st.form_submit_button("Sign in", type="primary")
        if pressed and self.authentication_controller.login(username, password):
            self.cookie_controller.set_cookie()


def draw() -> None:
    """The form, and one sentence for every way in which it can fail."""
    with ui.refusals():
        try:
            SignInForm().login()
        except LoginError:
            st.session_state["authentication_status"] = False
    if st.session_state.pop("authentication_status", None) is False:
        st.error("This email address and password do not open an account. Check both and try again.")
