"""The page that asks for a code after the password, and that shows a new app its secret. No Streamlit, no script."""

from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services import plain_pages, qr_codes, second_factor, storage
from services.errors import Invalid, Refusal
from services.gateway import client_address
from services.gateway_headers import is_same_origin
from services.plain_pages import Button, Field, Form, Picture
from services.second_factor import Asked
from services.session_routes import keep_signed_in, screen_asked_for

HOME = ("/", "Go to the sign-in page")
SET_UP = (
    "Your role here needs more than a password: a code from an authenticator app, at each sign-in.",
    "Open such an app on your phone, or install one; any that makes six-digit codes will do. "
    "Add an account in it, and scan this picture or type the key below.",
)


def routes() -> list[Route]:
    return [
        Route("/second-factor/{token}", _show, methods=["GET"]),
        Route("/second-factor/{token}", _prove, methods=["POST"]),
    ]


async def _show(request: Request) -> Response:
    """Only our own pages lead here: a link from elsewhere would sign somebody in as somebody else."""
    if not is_same_origin(request.headers):
        return plain_pages.render(
            "Please sign in on our own page", ["This address only works from there."], link=HOME, status=403
        )
    return await _page(request)


async def _prove(request: Request) -> Response:
    token = request.path_params["token"]
    form = await plain_pages.small_form(request)
    code = str(form.get("code", "")) if form else ""
    try:
        opened = await to_thread.run_sync(_proven, token, code, client_address(request.scope))
    except Invalid as refusal:
        return await _page(request, str(refusal))
    except Refusal as refusal:
        return _refused(refusal)
    response = RedirectResponse(screen_asked_for(request), 303, {"cache-control": "no-store"})
    keep_signed_in(response, opened)
    return response


async def _page(request: Request, problem: str = "") -> Response:
    token = request.path_params["token"]
    try:
        asked = await to_thread.run_sync(_asked, token)
    except Refusal as refusal:
        return _refused(refusal)
    action = f"/second-factor/{token}?to={quote(screen_asked_for(request), safe='')}"
    field = Field("code", "Code from the app", autocomplete="one-time-code", hint="Six digits.", keys="numeric")
    label = "Sign in" if asked.secret is None else "Confirm"
    form = Form(action, [field], [Button(label)], problem)
    return _drawn(asked, form)


def _drawn(asked: Asked, form: Form) -> Response:
    status = 422 if form.problem else 200
    if asked.secret is None or asked.uri is None:
        sentence = "Open your authenticator app and type the code that it shows for Mentoring Desk."
        return plain_pages.render("One more step", [sentence], form=form, status=status)
    groups = " ".join(asked.secret[start : start + 4] for start in range(0, len(asked.secret), 4))
    picture = Picture(qr_codes.data_uri(asked.uri), "A QR code that holds the key below, for your authenticator app")
    paragraphs = [*SET_UP, f"Key: {groups}", "Then type the code that the app shows. Nobody here will ask for the key."]
    return plain_pages.render("Set up your authenticator app", paragraphs, picture=picture, form=form, status=status)


def _refused(refusal: Refusal) -> Response:
    return plain_pages.render(refusal.happened, [refusal.remedy], link=HOME, status=403)


def _asked(token: str) -> Asked:
    with storage.reading() as session:
        return second_factor.asked(session, token)


def _proven(token: str, code: str, network_address: str | None) -> str:
    with storage.reading() as session:
        return second_factor.prove(session, token, code, network_address=network_address)
