"""Over random histories: who is untrained, unsigned, away, gone or in conflict is in no run and no directory.

After each step what the services say must equal a small model: nobody too many and nobody too few, or the rule would
hold for an empty list. The model's words stand in `matching_model.py`.
"""

import os
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.enrolments import Side
from models.matching import Proposal, RunPair
from models.messages import Message
from models.pairings import EndReason, Pairing, PairingStatus
from models.pauses import PairingPause
from models.schemes import Cohort
from services import conflicts, directory, pairings, pauses, proposal_jobs, proposals
from services.errors import Conflict, NotAllowed
from services.matching import reading, runs
from tests.services.matching_histories import FREE, MENTEES, Changes
from tests.services.matching_model import (
    DIRECTORY,
    EMAIL,
    EXPIRY_DAYS,
    GRACE_DAYS,
    TRAINED_DAYS,
    Asked,
    Someone,
)

WHICH = st.integers(0, 11)


class Histories(Changes):
    """Steps that people may take in any order."""

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
            # What was drafted or asked of the two is gone at once.
            self.model.asked = [each for each in self.model.asked if (each.mentor, each.mentee) != (mentor, mentee)]

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
                # Where both are away, the pair waits for whoever went first.
                open_rest = select(PairingPause.away).where(
                    PairingPause.pairing_id == pairing_id, col(PairingPause.ended_on).is_(None)
                )
                there = mentee if session.exec(open_rest).one() is Side.MENTOR else mentor
                session.rollback()
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
    """The same histories at each run. `MENTORING_HISTORIES=500` before the test's command makes so many new ones."""
    machine = type("Histories", (Histories,), {"engine": engine})
    new = int(os.environ.get("MENTORING_HISTORIES", "0"))

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=new or histories,
            stateful_step_count=40 if new else steps,
            deadline=None,
            derandomize=not new,
            database=None,
            verbosity=Verbosity.quiet,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
