"""Where the demonstration does not load, and that nothing is left of one that was interrupted."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Side
from models.people import Person
from models.schemes import Scheme
from services import (
    demonstration,
)
from services.demonstration import invented
from services.demonstration.stage import Story
from services.errors import Conflict, NotAllowed
from services.settings import settings
from tests.factories import make_person

KEYS = ("aulp", "unnc_alumni")


@pytest.fixture
def empty(sqlite_engine: Engine) -> Iterator[Session]:
    # Not on PostgreSQL: there the one server of this run holds the demonstration of the tests above.
    with Session(sqlite_engine) as session:
        yield session


def test_production_refuses_it(empty: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    settings.cache_clear()

    with pytest.raises(NotAllowed):
        demonstration.load(empty)

    assert empty.exec(select(AuditEntry)).all() == []


def test_it_is_refused_where_somebody_has_an_invented_address(empty: Session) -> None:
    make_person(empty, email="ama.boateng@example.org")
    empty.commit()

    with pytest.raises(Conflict, match="address"):
        demonstration.load(empty)

    assert not demonstration.is_loaded(empty)


def test_what_was_made_is_removed_when_loading_is_interrupted(empty: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_story: Story, _session: Session) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Story, "tell", interrupted)

    with pytest.raises(KeyboardInterrupt):
        demonstration.load(empty)

    assert empty.exec(select(Person)).all() == []
    assert empty.exec(select(Scheme)).all() == []


def test_the_invented_people_are_many_have_one_address_each_and_several_scripts() -> None:
    everybody = [person for key in KEYS for side in Side for person in invented.people(key, side)]
    chinese = [person for person in everybody if "\u4e00" <= person.full_name[0] <= "\u9fff"]

    assert [len(invented.people(key, side)) for key in KEYS for side in Side] == [24, 24, 40, 60]
    assert len({person.email for person in everybody}) == len({person.full_name for person in everybody}) == 148
    assert len(chinese) >= 40
    assert all(person.email.isascii() and person.email.endswith("@example.org") for person in everybody)
