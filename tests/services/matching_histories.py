"""What happens to people in random histories: they join, sign, learn, change their minds, pause, leave and return."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, initialize
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.agreements import SchemeDocument, TrainingCompletion, TrainingModule
from models.columns import telling
from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.people import Account
from models.schemes import AnsweredBy, Cohort, FormField
from services import conflicts, consents, departures, enrolments, pauses
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_participant,
    make_person,
    make_scheme,
    make_signature,
)
from tests.services.matching_model import (
    BEGINS,
    DIRECTORY,
    EMAIL,
    EXPIRY_DAYS,
    GRACE_DAYS,
    TRAINED_DAYS,
    Model,
    Someone,
)

MOST_MENTORS, MENTEES = 4, 2
FREE = ("draft", "submitted", "approved", "paused")


class Changes(RuleBasedStateMachine):
    """A cohort of its own, and the single changes of which its history is made. Each tells the model too."""

    engine: ClassVar[Engine]

    @initialize()
    def found(self) -> None:
        """A cohort with two mentees and one mentor who lacks nothing."""
        self.model = Model()
        with Session(self.engine) as session, telling(BEGINS):
            self._found(session)
            session.commit()
            for _ in range(MENTEES):
                self._join(session, Side.MENTEE, "approved")
            ready = self._join(session, Side.MENTOR, "approved", capacity=2)
            self._learn(session, ready)
            self._sign(session, ready)
            session.commit()
            conflicts.declare(session, ready.actor, [])
            for purpose in (DIRECTORY, EMAIL):
                consents.give(session, ready.actor, purpose)
            ready.declared, ready.consents = True, {DIRECTORY, EMAIL}

    def _found(self, session: Session) -> None:
        scheme = make_scheme(
            session,
            answered_by=AnsweredBy.MENTOR_AFTER_WISH,
            mentor_gates=["signature", "training", "conflicts"],
            mentee_gates=[],
            signature_grace_days=GRACE_DAYS,
            proposal_expiry_days=EXPIRY_DAYS,
            reminder_days=[5, 10],
        )
        cohort = make_cohort(session, scheme)
        self.scheme_id, self.cohort_id = scheme.id, cohort.id
        self.coordinator = make_actor(make_coordinator(session, cohort), cohort)
        make_document(session, scheme.id, published_at=self.model.published_at, signed_by=["mentor"])
        module = TrainingModule(
            scheme_id=scheme.id,
            key="starter",
            edition=1,
            title="Begin",
            minutes=5,
            pass_mark=1,
            valid_months=12,
            required_for=["mentor"],
            text="Listen first.",
        )
        session.add(module)
        for position, purpose in enumerate((DIRECTORY, EMAIL)):
            words = {"mentor": f"I agree to {purpose.value}"}
            where: dict[str, Any] = {"step": 5, "position": position, "kind": "consent", "audience": "Mentees."}
            session.add(FormField(scheme_id=scheme.id, key=purpose.value, roles=["mentor"], labels=words, **where))
        session.flush()
        self.module_id = module.id

    @contextmanager
    def _step(self) -> Iterator[Session]:
        with Session(self.engine) as session, telling(self.model.now):
            yield session

    def _join(self, session: Session, side: Side, status: str, **facts: Any) -> Someone:
        person = make_person(session)
        make_account(session, person)
        cohort = session.get_one(Cohort, self.cohort_id)
        facts = {"conflicts_declared_at": None, "status": EnrolmentStatus(status)} | facts
        row = make_enrolment(session, cohort, side, person=person, **facts)
        made = Someone(row.id, person.id, make_participant(session, row), side is Side.MENTOR, status)
        made.capacity = row.capacity
        session.commit()
        self.model.people.append(made)
        return made

    def _sign(self, session: Session, who: Someone) -> None:
        newest = select(SchemeDocument).where(
            SchemeDocument.scheme_id == self.scheme_id, SchemeDocument.edition == self.model.edition
        )
        account = session.exec(select(Account).where(Account.person_id == who.person_id)).one()
        row = session.get_one(Enrolment, who.enrolment_id)
        make_signature(session, row, session.exec(newest).one(), account)
        who.signed = self.model.edition

    def _learn(self, session: Session, who: Someone) -> None:
        who.trained_until = self.model.today + timedelta(days=TRAINED_DAYS)
        session.add(
            TrainingCompletion(
                enrolment_id=who.enrolment_id,
                module_id=self.module_id,
                correct_answers=1,
                completed_on=self.model.today,
                expires_on=who.trained_until,
            )
        )

    def _among(self, which: int, *statuses: str, mentors_only: bool = False) -> Someone | None:
        people = self.model.mentors if mentors_only else self.model.people
        found = [each for each in people if each.status in statuses]
        return found[which % len(found)] if found else None

    def _a_mentor_enrols(self) -> None:
        if len(self.model.mentors) < MOST_MENTORS:
            with self._step() as session:
                self._join(session, Side.MENTOR, "submitted")

    def _somebody_is_approved(self, which: int) -> None:
        if who := self._among(which, "submitted"):
            with self._step() as session:
                enrolments.approve(session, self.coordinator, [who.enrolment_id])
            who.status = "approved"

    def _a_mentor_does_everything(self, which: int) -> None:
        if who := self._among(which, *FREE, mentors_only=True):
            with self._step() as session:
                if who.signed != self.model.edition:
                    self._sign(session, who)
                self._learn(session, who)
                session.commit()
                conflicts.declare(session, who.actor, [])
                for purpose in (DIRECTORY, EMAIL):
                    consents.give(session, who.actor, purpose)
            who.declared, who.consents = True, {DIRECTORY, EMAIL}

    def _a_mentor_signs(self, which: int) -> None:
        who = self._among(which, *FREE, mentors_only=True)
        if who and who.signed != self.model.edition:
            with self._step() as session:
                self._sign(session, who)
                session.commit()

    def _a_new_edition_is_published(self) -> None:
        self.model.edition, self.model.published_at = self.model.edition + 1, self.model.now
        with self._step() as session:
            make_document(
                session,
                self.scheme_id,
                edition=self.model.edition,
                published_at=self.model.now,
                signed_by=["mentor"],
            )
            session.commit()

    def _a_mentor_trains(self, which: int) -> None:
        if who := self._among(which, *FREE, mentors_only=True):
            with self._step() as session:
                self._learn(session, who)
                session.commit()

    def _a_mentor_switches_a_consent(self, which: int, purpose: ConsentPurpose) -> None:
        if who := self._among(which, *FREE, mentors_only=True):
            with self._step() as session:
                (consents.withdraw if purpose in who.consents else consents.give)(session, who.actor, purpose)
            who.consents ^= {purpose}

    def _a_mentor_has_more_or_less_room(self, which: int, capacity: int) -> None:
        who = self.model.mentors[which % len(self.model.mentors)]
        with self._step() as session:
            session.get_one(Enrolment, who.enrolment_id).capacity = who.capacity = capacity
            session.commit()

    def _somebody_takes_a_break(self, which: int, days: int | None) -> None:
        if who := self._among(which, "approved"):
            return_on = self.model.today + timedelta(days=days) if days else None
            with self._step() as session:
                pauses.pause(session, who.actor, return_on=return_on)
            who.status = "paused"
            self.model.take_back(who)

    def _somebody_comes_back(self, which: int) -> None:
        if who := self._among(which, "paused"):
            with self._step() as session:
                pauses.come_back(session, who.actor)
            who.status = "approved"

    def _somebody_leaves(self, which: int) -> None:
        if who := self._among(which, *FREE):
            with self._step() as session:
                departures.withdraw(session, who.actor)
            who.status = "withdrawn"
            self.model.take_back(who)
            self.model.pairs = [pair for pair in self.model.pairs if who not in pair]

    def _somebody_who_left_enrols_again(self, which: int) -> None:
        if who := self._among(which, "withdrawn"):
            with self._step() as session:
                departures.enrol_again(session, who.actor, who.enrolment_id)
                session.get_one(Enrolment, who.enrolment_id).status = EnrolmentStatus.SUBMITTED
                session.commit()
            who.status, who.consents = "submitted", set()
