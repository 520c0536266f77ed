"""Opens a screen as somebody, the way the menu does: with a real session's token and the real navigation."""

import re
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import inspect
from sqlalchemy.orm import object_session
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from models.people import Account, AccountStatus, Person
from services import sessions, storage

_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
MENU = Path(__file__).parents[2] / "pages" / "menu.py"


def open_page(name: str, person: Person | None, place_key: str | None = None, **query: str) -> AppTest:
    """The screen of this name after its first run, as the person (None: as a visitor) in one of their places.

    Whatever the test's own session holds is committed before every run, so that it neither hides rows from the
    page nor keeps it from writing.
    """
    arranged = cast("Session | None", object_session(person)) if person is not None else None
    page = AppTest.from_file(MENU, default_timeout=120)
    _commit_before_each_run(page, arranged)
    for key, value in query.items():
        page.query_params[key] = value
    if person is not None:
        if arranged is not None:
            arranged.commit()
        page.session_state["_token"] = _token_for(inspect(person).identity[0])
    if place_key is not None:
        page.session_state["place"] = place_key
    # By the address, as a link would: a visitor, or somebody in another place, finds no file behind it.
    page._page_hash = calc_hash(name)
    return page.run()


def _token_for(person_id: UUID) -> str:
    with Session(storage.engine()) as session:
        account = session.exec(select(Account).where(Account.person_id == person_id)).one_or_none()
        if account is None:
            account = Account(person_id=person_id, status=AccountStatus.ACTIVE)
            session.add(account)
            session.flush()
        return sessions.open_for(session, account.id)


def _commit_before_each_run(page: AppTest, arranged: Session | None) -> None:
    run = page._run

    def after_commit(*args: Any, **kwargs: Any) -> AppTest:
        if arranged is not None:
            arranged.commit()
        return _without_invisible_links(run(*args, **kwargs))

    page._run = after_commit  # type: ignore[method-assign]


def _without_invisible_links(page: AppTest) -> AppTest:
    """Whoever goes by keyboard would stop at a link beside each heading that nobody sees."""
    headings = [
        element.value for element in (*page.title, *page.header, *page.subheader) if not element.proto.hide_anchor
    ]
    texts = [each.value for each in page.markdown if _HEADING.search(each.value) and not each.proto.hide_anchors]
    assert [*headings, *texts] == [], "draw headings with anchor=False, and texts that hold some with anchors=False"
    return page
