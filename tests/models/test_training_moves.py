"""Migration 0006 keeps the training that was there: who had passed what still has."""

from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session, col, select

from models.agreements import PublishedState, TrainingCompletion, TrainingModule
from models.database import make_engine
from models.enrolments import Side
from models.schemes import Scheme
from services.schema import downgrade, migrate
from tests.factories import make_cohort, make_enrolment, make_scheme
from tests.services.training_parts import make_completion, make_module


def test_editions_settings_and_passes_of_before_are_kept(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'kept.db'}")
    migrate(engine)
    with Session(engine) as session:
        said = {"starter": {"roles": ["mentor"], "summary": "In short."}}
        cohort = make_cohort(session, make_scheme(session, other_settings={"modules": said}))
        old = make_module(session, cohort, state=PublishedState.RETIRED)
        make_module(session, cohort, edition=2)
        enrolment = make_enrolment(session, cohort, Side.MENTOR)
        make_completion(session, enrolment, old, old.created_at.date())
        session.commit()

    downgrade(engine, "0005")
    with engine.connect() as connection:
        columns = [row[1] for row in connection.execute(text("PRAGMA table_info(training_module)"))]
    migrate(engine)

    assert "state" not in columns
    with Session(engine) as session:
        rows = session.exec(select(TrainingModule).order_by(col(TrainingModule.edition))).all()
        facts = [(row.edition, row.state, row.counts_from, row.offered_to, row.summary) for row in rows]
        codes = [len(row.code) for row in session.exec(select(TrainingCompletion))]
        assert session.exec(select(Scheme)).one().other_settings == {"modules": said}
    assert facts == [
        (1, PublishedState.RETIRED, 1, ["mentor"], "In short."),
        (2, PublishedState.PUBLISHED, 2, ["mentor"], "In short."),
    ]
    assert codes == [12]
