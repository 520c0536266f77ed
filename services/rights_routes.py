"""The page "Your rights, and how to complain": plain HTML, open to everybody, one click from every screen (A-MR7)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services import languages, markdown_text, plain_pages, rights, sessions, storage
from services.gateway import session_cookie
from services.markdown_text import Block, Run
from services.rights import Notice

NONE_YET = "This scheme has not published its notice yet."
NO_SCHEME = "No scheme runs on this desk yet."


def routes() -> list[Route]:
    """For whoever is signed in their schemes' notices, by a scheme's name in the address that one, else all."""
    return [
        Route(rights.PATH, _show, methods=["GET"]),
        Route(f"{rights.PATH}/{{slug}}", _show, methods=["GET"]),
    ]


async def _show(request: Request) -> Response:
    slug, token = request.path_params.get("slug", ""), session_cookie(request.headers)
    found = await to_thread.run_sync(_read, slug, token, _spoken(request))
    return plain_pages.render(
        rights.TITLE,
        [] if found else [NO_SCHEME],
        blocks=tuple(_blocks(found)),
        link=("/", "Back to the desk"),
        leads_to_rights=False,
    )


def _spoken(request: Request) -> tuple[str, ...]:
    """The language that was chosen on the page, then those of the browser in its order."""
    chosen = request.query_params.get("language", "")
    browsers = (part.partition(";")[0].strip() for part in request.headers.get("accept-language", "")[:500].split(","))
    codes = (languages.of_locale(each) for each in (chosen, *browsers))
    return tuple(code for code in codes if code)


def _read(slug: str, token: str | None, spoken: tuple[str, ...]) -> tuple[Notice, ...]:
    with storage.reading() as session:
        actor = sessions.actor_of(session, token) if token and not slug else None
        theirs = {place.scheme_id for place in actor.places if place.scheme_id} if actor else set()
        return rights.notices(session, slug=slug, scheme_ids=theirs, spoken=spoken)


def _blocks(notices: Sequence[Notice]) -> Iterator[Block]:
    for notice in notices:
        name = f"{notice.scheme} (demonstration: its people are invented)" if notice.is_demonstration else notice.scheme
        yield Block("heading", (Run(name),), level=2)
        yield Block("paragraph", (Run(_whom_to_write(notice)),))
        yield Block("paragraph", (Run(_who_is_above(notice)),))
        if len(notice.languages) > 1:
            yield Block("paragraph", tuple(_choice(notice)))
        for block in markdown_text.blocks(notice.text) if notice.text else ():
            # The notice's own title says what the page's title says.
            if block.kind == "heading" and block.level == 1:
                continue
            yield replace(block, level=block.level + 1) if block.kind == "heading" else block


def _choice(notice: Notice) -> Iterator[Run]:
    """The languages of a notice: the one that is shown in bold, the others to press."""
    yield Run("Read this notice in: ")
    address = f"{rights.PATH}/{notice.slug}" if notice.slug else rights.PATH
    for number, code in enumerate(notice.languages):
        name = languages.names([code])
        yield Run(" · " if number else "")
        yield Run(name, bold=True) if code == notice.language else Run(name, link=f"{address}?language={code}")


def _whom_to_write(notice: Notice) -> str:
    if notice.contact:
        said = f"The office of this scheme: {notice.contact}"
    else:
        said = "The office of this scheme has no address here yet: ask whoever invited you."
    return said if notice.text else f"{NONE_YET} {said}"


def _who_is_above(notice: Notice) -> str:
    """The notice sends complaints about a coordinator to the scheme manager: this is how to reach them."""
    if notice.complaints:
        return f"The scheme manager, also for a complaint about a coordinator: {notice.complaints}"
    return (
        "A complaint about a coordinator: this scheme has entered no address for it yet. Ask the university that runs "
        "the scheme who manages it; you need not say why."
    )
