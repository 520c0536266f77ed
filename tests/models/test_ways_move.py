"""Migration 0012 seals what pairs wrote before: it still says the same, and no longer lies readable."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from models.database import make_engine
from models.enrolments import Side
from models.pairings import WaysOfWorking
from models.schemes import Scheme
from services import private_words
from services.schema import downgrade, migrate
from tests.factories import make_scheme
from tests.services.pairs import make_pair


def test_old_words_are_sealed_and_read_the_same(tmp_path: Path) -> None:
    said = {"role": "You ask, 李伟.", "expectations": "We both come prepared."}
    engine = make_engine(f"sqlite:///{tmp_path / 'old.db'}")
    migrate(engine)
    facts: dict[str, Any] = {
        "proposed_by": Side.MENTEE,
        "interval_days": 14,
        "minutes": 45,
        "months": 6,
        "channels": ["email"],
    }
    with Session(engine) as session:
        pair = make_pair(session, scheme=make_scheme(session, key="unnc_alumni", channels=["email"]))
        session.add_all(WaysOfWorking(pairing_id=pair.pairing.id, edition=number, **facts) for number in (1, 2))
        session.commit()
    downgrade(engine, "0011")
    with engine.begin() as connection:
        change = text("UPDATE ways_of_working SET sections = :said WHERE edition = 1")
        connection.execute(change, {"said": json.dumps(said)})

    migrate(engine)

    with Session(engine) as session:
        first, second = session.exec(select(WaysOfWorking).order_by(col(WaysOfWorking.edition))).all()
        assert (first.covers, private_words.opened(first.words)) == (["role", "expectations"], said)
        assert (first.words[:6], "prepared" in first.words) == ("gAAAAA", False)
        assert (second.covers, second.words) == ([], "")
        assert session.exec(select(Scheme)).one().other_settings["ways_due_days"] == 14
    engine.dispose()
