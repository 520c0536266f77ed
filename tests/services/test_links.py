"""Personal links: one use, a limited time, one purpose, and nothing in the database that opens anything."""

from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, select

from models.columns import utc_now
from models.people import LinkPurpose, LinkToken
from services import links
from services.errors import Conflict, NotAllowed
from tests.factories import make_person

ANSWER, RESET = LinkPurpose.ANSWER_PROPOSAL, LinkPurpose.PASSWORD_RESET


def test_a_link_opens_what_it_was_made_for(session: Session) -> None:
    person = make_person(session)

    token = links.mint(session, ANSWER, person.id, hours=1)

    assert links.find(session, token, ANSWER).person_id == person.id


def test_only_the_hash_of_a_token_is_kept(session: Session) -> None:
    token = links.mint(session, ANSWER, make_person(session).id, hours=1)
    session.flush()

    kept = session.exec(select(LinkToken)).one()

    assert kept.token_hash == links.hashed(token)
    assert token not in str(kept.model_dump())


def test_a_link_opens_nothing_of_another_purpose(session: Session) -> None:
    token = links.mint(session, ANSWER, make_person(session).id, hours=1)

    with pytest.raises(NotAllowed, match="We do not know this link"):
        links.find(session, token, RESET)


@pytest.mark.parametrize("forged", ["", "x", "x" * 10_000, "\ud800", "' OR 1=1 --"])
def test_a_forged_link_is_refused(session: Session, forged: str) -> None:
    with pytest.raises(NotAllowed, match="We do not know this link"):
        links.find(session, forged, ANSWER)


def test_a_used_link_is_refused(session: Session) -> None:
    token = links.mint(session, ANSWER, make_person(session).id, hours=1)
    links.use(session, links.find(session, token, ANSWER))

    with pytest.raises(NotAllowed, match="has been used already"):
        links.find(session, token, ANSWER)


def test_of_two_who_use_a_link_at_once_one_is_told(session: Session) -> None:
    token = links.mint(session, ANSWER, make_person(session).id, hours=1)
    first, second = links.find(session, token, ANSWER), links.find(session, token, ANSWER)

    links.use(session, first)

    with pytest.raises(Conflict):
        links.use(session, second)


def test_a_link_runs_out(session: Session) -> None:
    token = links.mint(session, ANSWER, make_person(session).id, hours=1)
    session.commit()

    with time_machine.travel(utc_now() + timedelta(minutes=61)), pytest.raises(NotAllowed, match="has run out"):
        links.find(session, token, ANSWER)


def test_a_link_that_opens_an_account_never_lives_long(session: Session) -> None:
    token = links.mint(session, RESET, make_person(session).id, hours=500)

    link = links.find(session, token, RESET)

    assert timedelta(minutes=29) < link.expires_at - utc_now() <= timedelta(minutes=30)


def test_retiring_leaves_other_people_and_purposes_alone(session: Session) -> None:
    ama, bo = make_person(session), make_person(session)
    old = links.mint(session, RESET, ama.id, hours=1)
    others = [
        (links.mint(session, RESET, bo.id, hours=1), RESET),
        (links.mint(session, ANSWER, ama.id, hours=1), ANSWER),
    ]

    links.retire(session, ama.id, RESET)

    with pytest.raises(NotAllowed):
        links.find(session, old, RESET)
    assert [links.find(session, token, purpose).used_at for token, purpose in others] == [None, None]
