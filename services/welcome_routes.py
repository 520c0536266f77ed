"""Choosing a password by the link in an email, and asking for such a link. Both work without Streamlit and script."""

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services import accounts, links, messages, passwords, plain_pages, second_factor, sessions, storage
from services.errors import Invalid, Refusal
from services.gateway import client_address
from services.plain_pages import Button, Field, Form
from services.session_routes import keep_signed_in

CHOOSE = "Choose your password"
FORGOT = "Forgot your password?"
# Said to everybody alike. The offices' addresses are open to all: whoever cannot sign in finds theirs one click away.
LOST_MAILBOX = (
    "You can no longer read that mailbox? Write to your scheme's office: its address stands under “Your rights and how "
    "to complain”, below. They enter your new address, and you confirm it from the new mailbox."
)
# To every address alike.
ON_ITS_WAY = (
    "If this address belongs to somebody here, a link is on its way to it. It works once, for 30 minutes.",
    "Nothing arrives? Look in the spam folder, or ask your scheme's office which address they have.",
)
WAITS = (
    "This desk has no mail server yet. If this address belongs to somebody here, a link goes to it as soon as there is "
    "one.",
    "Are you in a hurry? Ask your scheme's office to have one set.",
)


def routes() -> list[Route]:
    return [
        Route("/welcome/{token}", _show_choice, methods=["GET"]),
        Route("/welcome/{token}", _choose, methods=["POST"]),
        Route("/forgot", _show_forgot, methods=["GET"]),
        Route("/forgot", _forgot, methods=["POST"]),
    ]


async def _show_choice(request: Request) -> Response:
    """Looking changes nothing: programs that read mail open links too."""
    token = request.path_params["token"]
    try:
        await to_thread.run_sync(_look, token)
    except Refusal as refusal:
        return _refused(refusal)
    return _choice(token)


async def _choose(request: Request) -> Response:
    token = request.path_params["token"]
    form = await plain_pages.small_form(request)
    if form is None:
        return _choice(token, "That was too long. Choose a shorter password.")
    password, again = str(form.get("password", "")), str(form.get("again", ""))
    if password != again:
        return _choice(token, "The two passwords are not the same. Type both once more.")
    try:
        opened, address = await to_thread.run_sync(_chosen, token, password, client_address(request.scope))
    except Invalid as refusal:
        return _choice(token, str(refusal))
    except Refusal as refusal:
        return _refused(refusal)
    response = RedirectResponse(address, 303, {"cache-control": "no-store"})
    if opened is not None:
        keep_signed_in(response, opened)
    return response


async def _show_forgot(_request: Request) -> Response:
    field = Field("email", "Your email address", "email", "username")
    return plain_pages.render(
        FORGOT,
        [
            "We send you a link with which you choose a new one. Until you use it, the old one keeps working.",
            LOST_MAILBOX,
        ],
        form=Form("/forgot", [field], [Button("Send me a link")]),
        link=("/", "Back to sign in"),
    )


async def _forgot(request: Request) -> Response:
    """One answer for every address, and the work only after it, so that not even the time tells them apart."""
    form = await plain_pages.small_form(request)
    email = str(form.get("email", ""))[:254] if form else ""
    is_sent = messages.mail_is_set_up()
    title, said = ("Look into your mailbox", ON_ITS_WAY) if is_sent else ("Your wish is noted", WAITS)
    response = plain_pages.render(title, [*said, LOST_MAILBOX], link=("/", "Back to sign in"))
    response.background = BackgroundTask(_ask_for_reset, email)
    return response


def _choice(token: str, problem: str = "") -> Response:
    hint = (
        f"At least {passwords.SHORTEST} characters; a few words in a row are good. Spaces and every alphabet are fine."
    )
    fields = [
        Field("password", "Password", "password", "new-password", hint),
        Field("again", "The same password again", "password", "new-password"),
    ]
    form = Form(f"/welcome/{token}", fields, [Button("Keep it and sign me in")], problem)
    return plain_pages.render(
        CHOOSE, ["With it and your email address you sign in from now on."], form=form, status=422 if problem else 200
    )


def _refused(refusal: Refusal) -> Response:
    return plain_pages.render(refusal.happened, [refusal.remedy], link=("/forgot", "Send me a new link"), status=403)


def _look(token: str) -> None:
    with storage.reading() as session:
        links.find(session, token, *accounts.BY_LINK)


def _chosen(token: str, password: str, network_address: str | None) -> tuple[str | None, str]:
    """The new session's token and where to go; no token where a code is asked for first."""
    with storage.reading() as session:
        account_id = accounts.choose_password(session, token, password)
        if second_factor.is_due(session, account_id):
            return None, second_factor.ask(session, account_id)
        return sessions.open_for(session, account_id, network_address=network_address), "/"


def _ask_for_reset(email: str) -> None:
    with storage.reading() as session:
        accounts.request_reset(session, email)
