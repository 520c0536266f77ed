"""Over random histories: who is untrained, unsigned, away, gone or in conflict is in no run and no directory.

After each step what the services say must equal a small model: nobody too many and nobody too few, or the rule would
hold for an empty list. The model's words stand in `matching_model.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.agreements import SchemeDocument, TrainingCompletion, TrainingModule
from models.columns import telling
from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, RunPair
from models.messages import Message
from models.pairings import EndReason, Pairing, PairingStatus
from models.people import Account
from models.schemes import AnsweredBy, Cohort, FormField
from services import conflicts, consents, departures, directory, enrolments, pairings, pauses, proposal_jobs, proposals
from services.errors import Conflict, NotAllowed
from services.matching import reading, runs
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
    Asked,
    Model,
    Someone,
)

MOST_MENTORS, MENTEES = 4, 2
WHICH = st.integers(0, 11)
FREE = ("draft", "submitted", "approved", "paused")


class Histories(RuleBasedStateMachine):
    """Steps that people may take in any order, in a cohort of their own."""

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

    @rule(which=WHICH, anew=st.booleans())
    def a_mentor_joins_and_does_everything(self, which: int, anew: bool) -> None:
        """One step, because random ones would seldom come to the end of it."""
        if anew:
            self._a_mentor_enrols()
        self._somebody_is_approved(which)
        self._a_mentor_does_everything(which)

    @rule(which=WHICH, what=st.sampled_from(["signs", "trains", "directory", "email", "room", "edition"]))
    def something_changes(self, which: int, what: str) -> None:
        match what:
            case "signs":
                self._a_mentor_signs(which)
            case "trains":
                self._a_mentor_trains(which)
            case "directory" | "email":
                self._a_mentor_switches_a_consent(which, DIRECTORY if what == "directory" else EMAIL)
            case "room":
                self._a_mentor_has_more_or_less_room(which, which % 3)
            case "edition":
                self._a_new_edition_is_published()

    @rule(which=WHICH, how=st.sampled_from([None, 5, 40, "for good"]))
    def somebody_steps_back(self, which: int, how: Any) -> None:
        if how == "for good":
            self._somebody_leaves(which)
        else:
            self._somebody_takes_a_break(which, how)

    @rule(which=WHICH)
    def somebody_returns(self, which: int) -> None:
        self._somebody_comes_back(which)
        self._somebody_who_left_enrols_again(which)
        self._somebody_is_approved(which)

    @rule(which=WHICH, says=st.sampled_from(["yes", "yes", "yes", "no"]))
    def a_matching_goes_on(self, which: int, says: str) -> None:
        """The next thing of what leads to a pair: an answer, or else a letter, or else a run."""
        if any(each.is_sent for each in self.model.asked):
            (self._whoever_is_asked_says_yes if says == "yes" else self._whoever_is_asked_says_no)(which)
        elif self.model.asked:
            self._the_coordinator_sends_a_draft(which)
        else:
            self._the_coordinator_runs_a_matching_and_drafts_it()

    @rule(which=WHICH)
    def a_matching_comes_to_a_pair(self, which: int) -> None:
        for _ in range(4):
            self.a_matching_goes_on(which, "yes")

    @rule(days=st.sampled_from([1, 6, GRACE_DAYS, TRAINED_DAYS + 1]))
    def days_pass(self, days: int) -> None:
        """And what happens by itself then; nobody who is away or gone is reminded of anything."""
        self.model.now += timedelta(days=days)
        with self._step() as session:
            before = set(session.exec(select(Message.id)))
            proposal_jobs.expire_due(session, self.model.now)
            proposal_jobs.remind_due(session, self.model.now)
            pauses.ask_due(session, self.model.now)
            new = session.exec(select(Message).where(Message.scheme_id == self.scheme_id)).all()
            written = {(each.person_id, each.template) for each in new if each.id not in before}
        self.model.asked = [each for each in self.model.asked if each.expires_at > self.model.now]
        silent = {each.person_id: each.status for each in self.model.people if each.status in {"paused", "withdrawn"}}
        to_them = {(silent[person], template) for person, template in written if person in silent}
        assert to_them <= {("paused", "pause_return_asked")}

    @rule(which=WHICH, other=WHICH, mentee_says=st.booleans())
    def a_conflict_is_declared(self, which: int, other: int, mentee_says: bool) -> None:
        mentor = self._among(which, *FREE, mentors_only=True)
        mentee = self.model.mentees[other % MENTEES]
        if mentor and mentee.status in FREE:
            who, whom = (mentee, mentor) if mentee_says else (mentor, mentee)
            with self._step() as session:
                conflicts.declare(session, who.actor, [whom.person_id])
            who.declared = True
            self.model.conflicts.add((mentor.enrolment_id, mentee.enrolment_id))

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

    @rule(which=WHICH)
    def a_pair_ends_or_does_not_wait(self, which: int) -> None:
        if not self.model.pairs:
            return
        mentor, mentee = pair = self.model.pairs[which % len(self.model.pairs)]
        if which % 2 and mentor.status == "approved":
            with self._step() as session:
                pauses.pause(session, mentor.actor)
            mentor.status = "paused"
            self.model.take_back(mentor)
        with self._step() as session:
            row = self._pairing(session, mentor, mentee)
            is_paused, pairing_id = row.status is PairingStatus.PAUSED, row.id
            session.rollback()
            if is_paused:
                there = mentee if mentor.status == "paused" else mentor
                pauses.find_another(session, there.actor, pairing_id)
            else:
                pairings.end(session, mentor.actor, pairing_id, reason=EndReason.NOT_GIVEN)
        self.model.pairs.remove(pair)

    def _pairing(self, session: Session, mentor: Someone, mentee: Someone) -> Pairing:
        return session.exec(
            select(Pairing).where(
                Pairing.mentor_id == mentor.enrolment_id,
                Pairing.mentee_id == mentee.enrolment_id,
                Pairing.status != PairingStatus.ENDED,
            )
        ).one()

    def _the_coordinator_runs_a_matching_and_drafts_it(self) -> None:
        if not any(map(self.model.is_looking, self.model.mentees)) or not any(
            map(self.model.free_places, self.model.mentors)
        ):
            return
        with self._step() as session:
            made = runs.run(session, self.coordinator, self.cohort_id, today=self.model.today)
            pairs = session.exec(select(RunPair).where(RunPair.run_id == made.id)).all()
            found = {each.mentee_id: each.mentor_id for each in pairs}
            session.rollback()
            outcome = proposals.draft(session, self.coordinator, made.id, list(found))
            drafted = session.exec(select(Proposal).where(col(Proposal.id).in_(outcome.done))).all()
            by_id = {each.enrolment_id: each for each in self.model.people}
            asked = [Asked(each.id, by_id[each.mentor_id], by_id[each.mentee_id]) for each in drafted]
        assert set(found) == {each.enrolment_id for each in self.model.mentees if self.model.is_looking(each)}
        matched = {mentee: mentor for mentee, mentor in found.items() if mentor}
        assert {each.mentee.enrolment_id: each.mentor.enrolment_id for each in asked} == matched
        for each in asked:
            assert self.model.may_be_paired(each.mentor, each.mentee)
            self.model.asked.append(each)

    def _the_coordinator_sends_a_draft(self, which: int) -> None:
        drafts = [each for each in self.model.asked if not each.is_sent]
        if drafts:
            asked = drafts[which % len(drafts)]
            with self._step() as session:
                outcome = proposals.send(session, self.coordinator, [asked.id])
            holds = self.model.may_be_paired(asked.mentor, asked.mentee, beside=asked)
            assert outcome.done == ((asked.id,) if holds else ())
            if holds:
                asked.is_sent, asked.expires_at = True, self.model.now + timedelta(days=EXPIRY_DAYS)

    def _whoever_is_asked_says_yes(self, which: int) -> None:
        if asked := self._sent(which):
            holds = self.model.may_be_paired(asked.mentor, asked.mentee, beside=asked)
            with self._step() as session:
                assert self._accepts(session, asked) is holds
            if holds and asked.waits_for_mentor:
                self.model.meet(asked)
            elif holds:
                asked.waits_for_mentor, asked.expires_at = True, self.model.now + timedelta(days=EXPIRY_DAYS)

    def _whoever_is_asked_says_no(self, which: int) -> None:
        if asked := self._sent(which):
            with self._step() as session:
                proposals.decline(session, self._asked_now(asked).actor, asked.id)
            self.model.asked.remove(asked)
            self.model.bar(asked)

    def _sent(self, which: int) -> Asked | None:
        sent = [each for each in self.model.asked if each.is_sent]
        return sent[which % len(sent)] if sent else None

    def _asked_now(self, asked: Asked) -> Someone:
        return asked.mentor if asked.waits_for_mentor else asked.mentee

    def _accepts(self, session: Session, asked: Asked) -> bool:
        try:
            proposals.accept(session, self._asked_now(asked).actor, asked.id)
        except Conflict:
            return False
        return True

    @invariant()
    def lists_and_runs_hold_exactly_whom_they_may(self) -> None:
        with self._step() as session:
            for mentee in self.model.mentees:
                assert self._listed(session, mentee) == self.model.listed(mentee)
            cohort = session.get_one(Cohort, self.cohort_id)
            open_now = reading.availability(session, cohort, self.model.today)
            given = reading.candidates(session, cohort, open_now)
        looking = {each.enrolment_id for each in self.model.mentees if self.model.is_looking(each)}
        places = {each.enrolment_id: self.model.free_places(each) for each in self.model.mentors}
        assert {each.id for each in given.mentees} == {str(each) for each in looking}
        assert {each.id: free for each, free in zip(given.mentors, given.places, strict=True)} == {
            str(mentor): free for mentor, free in places.items() if free
        }
        for mentor, mentee in product(self.model.mentors, self.model.mentees):
            refused = open_now.why_not(mentor.enrolment_id, mentee.enrolment_id) is not None
            assert refused is not self.model.may_be_paired(mentor, mentee)

    def _listed(self, session: Session, mentee: Someone) -> set[Any] | None:
        try:
            found = directory.listed(session, mentee.actor, today=self.model.today)
        except NotAllowed:
            return None
        return {each.id for each in found.mentors}


@pytest.mark.clause("U-3", "U-9", "U-C5.1", "U-C5.3")
@pytest.mark.parametrize(
    ("engine", "histories", "steps"), [("sqlite", 8, 20), ("postgresql", 3, 12)], indirect=["engine"]
)
def test_nobody_is_matched_or_listed_who_must_not_be_and_everybody_who_may_is(
    engine: Engine, histories: int, steps: int
) -> None:
    machine = type("Histories", (Histories,), {"engine": engine})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            verbosity=Verbosity.quiet,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
