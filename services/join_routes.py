"""The plain page behind a self-enrolment link: a name, an address, and one answer for everybody."""

import logging

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services import messages, plain_pages, self_enrolment, storage
from services.errors import Invalid, Refusal
from services.gateway import client_address
from services.plain_pages import Button, Field, Form
from services.self_enrolment import Door

log = logging.getLogger("mentoring")
ON_ITS_WAY = (
    "Look into your mailbox",
    [
        "We have sent an email with the next step to the address that you gave. Open it within three days.",
        "Nothing arrives? Look in the spam folder, or ask whoever gave you the link which address to use.",
    ],
)
WAITS = (
    "Your address is noted",
    [
        "This desk has no mail server yet. The email with the next step goes to the address that you gave as soon as "
        "there is one.",
        "Are you in a hurry? Ask whoever gave you the link.",
    ],
)


def routes() -> list[Route]:
    return [
        Route("/join/{token}", _show, methods=["GET"]),
        Route("/join/{token}", _join, methods=["POST"]),
    ]


async def _show(request: Request) -> Response:
    """Looking changes nothing: programs that read mail open links too."""
    token = request.path_params["token"]
    try:
        door = await to_thread.run_sync(_look, token)
    except Refusal as refusal:
        return _refused(refusal)
    return _form(token, door)


async def _join(request: Request) -> Response:
    """One answer for every address, and the work only after it, so that not even the time tells them apart."""
    token = request.path_params["token"]
    form = await plain_pages.small_form(request)
    name, email = (str(form.get(key, ""))[:1000] if form else "" for key in ("name", "email"))
    try:
        door = await to_thread.run_sync(_look, token)
        self_enrolment.checked(name, email)
        await to_thread.run_sync(_knock, token, client_address(request.scope))
    except Invalid as refusal:
        return _form(token, door, name=name, email=email, problem=str(refusal))
    except Refusal as refusal:
        return _refused(refusal)
    response = plain_pages.render(*(ON_ITS_WAY if messages.mail_is_set_up() else WAITS))
    response.background = BackgroundTask(_after, token, name, email)
    return response


def _form(token: str, door: Door, *, name: str = "", email: str = "", problem: str = "") -> Response:
    fields = [
        Field("name", "Your full name, as you write it", autocomplete="name", value=name),
        Field("email", "Your email address", "email", "email", "We write to it and nowhere else.", email),
    ]
    return plain_pages.render(
        f"Join {door.scheme}",
        [
            f"You can enrol as {door.side.value} in {door.cohort}. Leave your name and address: we send you a link "
            "with which you choose a password and fill in your form. A coordinator then reads it and decides.",
        ],
        form=Form(f"/join/{token}", fields, [Button("Send me the link")], problem),
        status=422 if problem else 200,
    )


def _refused(refusal: Refusal) -> Response:
    return plain_pages.render(refusal.happened, [refusal.remedy], link=("/", "Sign in"), status=403)


def _look(token: str) -> Door:
    with storage.reading() as session:
        return self_enrolment.look(session, token)


def _knock(token: str, network_address: str | None) -> None:
    with storage.reading() as session:
        self_enrolment.knock(session, token, network_address=network_address)


def _after(token: str, name: str, email: str) -> None:
    with storage.reading() as session:
        try:
            self_enrolment.join(session, token, full_name=name, email=email)
        except Refusal:
            # They have their answer already: that the link closed meanwhile is the coordinator's to see, in its count.
            log.info("A self-enrolment came to nothing, because the link closed or another was faster")
