"""The plain page /verify: whether a paper is genuine, for anybody who holds one. It needs no sign-in and no script."""

import logging

from anyio import to_thread
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from services import plain_pages, storage, verification
from services.errors import NotAllowed, Refusal
from services.gateway import client_address
from services.plain_pages import Button, Field, Form
from services.verification import MOST_FILE_BYTES, Verdict

log = logging.getLogger("mentoring")

TITLE = "Is this paper genuine?"
EXPLAINED = (
    "Whoever signs something here, or passes a training, gets a paper with a code. Give the PDF file as you received "
    "it; or, from paper, the code and the name.",
    "We tell no more than the paper does. The file is compared and then forgotten.",
)
TOO_LARGE = (
    f"The file is larger than {MOST_FILE_BYTES // 1_000_000} MB, so it is none of ours. Choose the paper's file."
)
ALMOST_NOTHING = "Choose the file, or type both the code and the name."
AGAIN = ("/verify", "Verify another paper")
_LONGEST = 250


def routes() -> list[Route]:
    """GET shows the form, POST answers."""
    return [Route("/verify", _show, methods=["GET"]), Route("/verify", _answer, methods=["POST"])]


async def _show(request: Request) -> Response:
    """The QR code on a paper leads here with its code, which alone says nothing about anybody."""
    return _form(code=request.query_params.get("code", "")[:20])


async def _answer(request: Request) -> Response:
    try:
        form = await plain_pages.small_form(request, file_bytes=MOST_FILE_BYTES)
    except (HTTPException, ClientDisconnect):
        return _form(problem=ALMOST_NOTHING)
    if form is None:
        return _form(problem=TOO_LARGE)
    code, name = (_typed(form, key) for key in ("code", "name"))
    content = await _file(form)
    await form.close()
    if not content and not (code and name):
        return _form(code=code, name=name, problem=ALMOST_NOTHING)
    if len(content) > MOST_FILE_BYTES:
        return _form(code=code, name=name, problem=TOO_LARGE)
    try:
        verdict = await to_thread.run_sync(_found, content, code, name, client_address(request.scope))
    except Refusal as refusal:
        status = 429 if isinstance(refusal, NotAllowed) else 503
        return plain_pages.render(refusal.happened, [refusal.remedy], link=AGAIN, status=status)
    # How often somebody asks is worth knowing; what they asked about is not ours to keep.
    log.info("A paper was verified: %s", "genuine" if verdict.holds else "not genuine")
    return _said(verdict)


def _found(content: bytes, code: str, name: str, network_address: str | None) -> Verdict:
    with storage.reading() as session:
        verification.knock(session, network_address)
    with storage.reading() as session:
        return verification.of_file(session, content) if content else verification.of_code(session, code, name)


def _form(*, code: str = "", name: str = "", problem: str = "") -> Response:
    fields = [
        Field("file", "The PDF file", "file", hint="Up to 5 MB", required=False, accepts="application/pdf,.pdf"),
        Field("code", "Or the code", hint="Twelve letters and digits, beside the QR code", value=code, required=False),
        Field("name", "And the name, as it stands on the paper", value=name, required=False),
    ]
    return plain_pages.render(
        TITLE,
        EXPLAINED,
        form=Form("/verify", fields, [Button("Verify")], problem),
        link=("/", "Sign in"),
        status=422 if problem else 200,
    )


def _said(verdict: Verdict) -> Response:
    facts = [f"{label}: {value}" for label, value in verdict.facts]
    sentences = [verdict.sentence, *facts, *([verdict.remedy] if verdict.remedy else [])]
    return plain_pages.render("Yes, it is genuine" if verdict.holds else "No", sentences, link=AGAIN)


def _typed(form: FormData, key: str) -> str:
    value = form.get(key, "")
    return value[:_LONGEST].strip() if isinstance(value, str) else ""


async def _file(form: FormData) -> bytes:
    """The file's bytes, and one more than is allowed at most."""
    upload = form.get("file")
    return await upload.read(MOST_FILE_BYTES + 1) if isinstance(upload, UploadFile) else b""
