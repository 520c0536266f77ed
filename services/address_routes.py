""" "Your account", where people correct the address they sign in with, and the page behind the link that confirms one.

Both work without Streamlit and script: whoever comes from a mailbox is not signed in.
"""

from anyio import to_thread
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from models.people import Person
from services import messages, plain_pages, reauthentication, sessions, sign_in_address, storage
from services.access import Actor
from services.errors import Invalid, NotAllowed, Refusal
from services.gateway import client_address, session_cookie
from services.plain_pages import Button, Field, Form
from services.sealed_addresses import PATH
from services.sign_in_address import Asked, Done

ACCOUNT, TITLE = "/account", "Your account"
FORGOTTEN = (
    "The one that you sign in with here. You do not know it any more, and can no longer read your old mailbox? Write "
    "to your scheme's office: whoever runs the desk's server can let this mailbox count without it."
)
HOME, BACK = ("/", "Go to the sign-in page"), ("/", "Back to the desk")


def routes() -> list[Route]:
    return [
        Route(ACCOUNT, _show_account, methods=["GET"]),
        Route(ACCOUNT, _ask, methods=["POST"]),
        Route(f"{PATH}/{{token}}", _show, methods=["GET"]),
        Route(f"{PATH}/{{token}}", _confirm, methods=["POST"]),
    ]


async def _show_account(request: Request) -> Response:
    return await _account_page(request)


async def _account_page(request: Request, problem: str = "", typed: str = "") -> Response:
    try:
        email = await to_thread.run_sync(_own_address, session_cookie(request.headers), None)
    except Refusal as refusal:
        return _refused(refusal)
    fields = [
        Field("email", "New email address", "email", "email", value=typed),
        Field("password", "Your password", "password", "current-password"),
    ]
    return plain_pages.render(
        TITLE,
        [
            f"You sign in with {email}, and emails from here go there.",
            "Do you want to use another address? Enter it here. We write to it, and it counts once you confirm it by "
            "the link in that email. Then you sign in anew, with the new address and the password that you have.",
        ],
        form=Form(ACCOUNT, fields, [Button("Send the link to the new address")], problem),
        link=BACK,
        status=422 if problem else 200,
    )


async def _ask(request: Request) -> Response:
    form = await plain_pages.small_form(request)
    email, password = (str(form.get(name, "")) for name in ("email", "password")) if form else ("", "")
    address = client_address(request.scope)
    try:
        await to_thread.run_sync(_asked_for, session_cookie(request.headers), address, email, password)
    except Refusal as refusal:
        return await _account_page(request, str(refusal), email[:254])
    if not messages.mail_is_set_up():
        waits = "The link waits: this desk has no mail server yet. Until it arrives and you open it, nothing changes."
        return plain_pages.render("Your new address is noted", [waits], link=BACK)
    return plain_pages.render(
        "Look into the new mailbox",
        [
            f"A link is on its way to {email.strip()}. It works once, for three days; until then nothing changes.",
            "Nothing arrives? Look in the spam folder, and whether the address above is right. If not, enter it again.",
        ],
        link=BACK,
    )


async def _show(request: Request) -> Response:
    """Looking changes nothing: programs that read mail open links too."""
    token = request.path_params["token"]
    try:
        asked = await to_thread.run_sync(_seen, token)
    except Refusal as refusal:
        return _refused(refusal)
    return _question(asked, token)


async def _confirm(request: Request) -> Response:
    token, form = request.path_params["token"], await plain_pages.small_form(request)
    password = str(form.get("password", "")) if form else ""
    try:
        asked = await to_thread.run_sync(_seen, token)
    except Refusal as refusal:
        return _refused(refusal)
    try:
        done = await to_thread.run_sync(_confirmed, token, password, client_address(request.scope))
    except Invalid as refusal:
        return _question(asked, token, str(refusal))
    except Refusal as refusal:
        return _refused(refusal)
    if done.welcome is not None:
        return RedirectResponse(f"/welcome/{done.welcome}", 303, {"cache-control": "no-store"})
    sentence = "Sign in with it, and with the password that you have." if asked.needs_password else "We write to it."
    return plain_pages.render("This is your address now", [f"{done.email} counts from now on. {sentence}"], link=HOME)


def _question(asked: Asked, token: str, problem: str = "") -> Response:
    password = Field("password", "Your password", "password", "current-password", FORGOTTEN)
    fields = [password] if asked.needs_password else []
    after = (
        "You are then signed out everywhere, and sign in with this address and your password."
        if asked.needs_password
        else "Links that were sent to another address open nothing any more."
    )
    return plain_pages.render(
        "Is this your address?",
        [f"{asked.name}: from now on, {asked.email} is to be your address here.", after],
        form=Form(f"{PATH}/{token}", fields, [Button("Yes, use this address")], problem),
        status=422 if problem else 200,
    )


def _refused(refusal: Refusal) -> Response:
    return plain_pages.render(refusal.happened, [refusal.remedy], link=HOME, status=403)


def _actor(session: Session, token: str | None, network_address: str | None) -> Actor:
    actor = sessions.actor_of(session, token, network_address=network_address)
    if actor is None:
        raise NotAllowed("You are not signed in.", remedy="Sign in, then open this page again.")
    return actor


def _own_address(token: str | None, network_address: str | None) -> str:
    with storage.reading() as session:
        return session.get_one(Person, _actor(session, token, network_address).person_id).email


def _asked_for(token: str | None, network_address: str | None, email: str, password: str) -> None:
    with storage.reading() as session:
        actor = _actor(session, token, network_address)
        confirmed = reauthentication.confirm(session, actor, password)
        sign_in_address.ask_for_oneself(session, actor, email, confirmed=confirmed)


def _seen(token: str) -> Asked:
    with storage.reading() as session:
        return sign_in_address.seen(session, token)


def _confirmed(token: str, password: str, network_address: str | None) -> Done:
    with storage.reading() as session:
        return sign_in_address.confirm(session, token, password, network_address=network_address)
