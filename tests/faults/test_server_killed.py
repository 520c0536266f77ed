"""A server killed with SIGKILL while people answer: whatever was acknowledged is there, and nothing is half done."""

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from uuid import UUID

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.enrolments import ConsentPurpose, Enrolment, Side
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.pairings import Pairing, Release
from models.people import LinkPurpose, LinkToken
from services import audit, links
from tests.browser.protocol import ask
from tests.factories import make_cohort, make_consent, make_enrolment, make_person, make_proposal
from tests.faults.running import Running, running

SAVES, MENTORS, CLIENTS, KILLS = 100, 5, 4, 3
# So few press before a kill that it falls among them even where this test gets to run only now and then.
AT_A_TIME = 32
SEED = random.SystemRandom().randrange(10**6)


@dataclass(frozen=True)
class Kept:
    """All that one yes leaves behind, counted."""

    status: ProposalStatus
    answered: bool
    links_used: int
    pairings: int
    releases: int
    letters: int
    journal: tuple[str, ...]


NOTHING = Kept(ProposalStatus.SENT, False, 0, 0, 0, 0, ())
EVERYTHING = Kept(ProposalStatus.ACCEPTED, True, 1, 1, 2, 1, ("pairing.released", "proposal.accepted"))


@dataclass
class Answering:
    """Several people's browsers pressing Yes. `told` are the proposals whose answer came back whole."""

    url: str
    waiting: "SimpleQueue[tuple[UUID, str]]"
    told: set[UUID] = field(default_factory=set)
    refused: dict[UUID, int] = field(default_factory=dict)
    threads: list[Thread] = field(default_factory=list)

    def begin(self) -> None:
        self.threads = [Thread(target=self._press) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def wait_for(self, number: int) -> None:
        """Until so many were told, or nobody is left who could be."""
        while len(self.told) < number and any(thread.is_alive() for thread in self.threads):
            time.sleep(0.001)

    def end(self, told: set[UUID], refused: dict[UUID, int]) -> None:
        """Wait for the rest, and add what came back."""
        for thread in self.threads:
            thread.join(timeout=60)
        told |= self.told
        refused |= self.refused

    def _press(self) -> None:
        while True:
            try:
                proposal_id, token = self.waiting.get_nowait()
                status, _ = ask(self.url, f"/answer/{token}", form={"choice": "yes"}, seconds=60)
            except (Empty, OSError, HTTPException):
                return
            if status == 200:
                self.told.add(proposal_id)
            else:
                self.refused[proposal_id] = status


def ask_everybody(engine: Engine) -> dict[UUID, str]:
    """Proposals that wait for a mentee's yes, each with the token of the link in its email."""
    with Session(engine) as session:
        cohort = make_cohort(session)
        mentors = [
            make_enrolment(session, cohort, Side.MENTOR, capacity=SAVES // MENTORS, name=f"Mentor {number}")
            for number in range(MENTORS)
        ]
        for mentor in mentors:
            make_consent(session, mentor, ConsentPurpose.SHARE_EMAIL)
        tokens = {}
        for number in range(SAVES):
            person = make_person(session, f"Mentee {number}")
            mentee = make_enrolment(session, cohort, person=person)
            proposal = make_proposal(session, cohort, mentor=mentors[number % MENTORS], mentee=mentee)
            tokens[proposal.id] = links.mint(
                session, LinkPurpose.ANSWER_PROPOSAL, person.id, subject_id=proposal.id, hours=24
            )
        session.commit()
        return tokens


def kept(engine: Engine) -> dict[UUID, Kept]:
    """What the database holds of each answer."""
    with Session(engine) as session:
        pairings = {row.id: row.proposal_id for row in session.exec(select(Pairing))}
        journal: dict[UUID, list[str]] = {}
        for entry in session.exec(select(AuditEntry).where(col(AuditEntry.subject_id).is_not(None))):
            if entry.subject_id is not None:
                journal.setdefault(pairings.get(entry.subject_id) or entry.subject_id, []).append(entry.action)
        released = [pairings[row.pairing_id] for row in session.exec(select(Release))]
        used = session.exec(select(LinkToken.subject_id).where(col(LinkToken.used_at).is_not(None))).all()
        letters = dict(session.exec(select(Message.person_id, func.count()).group_by(col(Message.person_id))).all())
        mentees = dict(session.exec(select(Enrolment.id, Enrolment.person_id)).all())
        return {
            row.id: Kept(
                status=row.status,
                answered=row.answered_at is not None,
                links_used=used.count(row.id),
                pairings=list(pairings.values()).count(row.id),
                releases=released.count(row.id),
                letters=letters.get(mentees[row.mentee_id], 0),
                journal=tuple(sorted(journal.get(row.id, ()))),
            )
            for row in session.exec(select(Proposal))
        }


def check_whole(engine: Engine) -> None:
    """The chain of the journal, and the file itself where the database is one."""
    with Session(engine) as session:
        verdict = audit.verify(session)
        letters = session.exec(select(func.count()).select_from(Message)).one()
        pairs = session.exec(select(func.count()).select_from(Pairing)).one()
        assert verdict.holds, verdict
        assert letters == 2 * pairs
        if engine.dialect.name == "sqlite":
            connection = session.connection()
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def check_nothing_lost(engine: Engine, told: Iterable[UUID]) -> None:
    found = kept(engine)
    assert {proposal: found[proposal] for proposal in told if found[proposal] != EVERYTHING} == {}
    assert {proposal: each for proposal, each in found.items() if each not in (NOTHING, EVERYTHING)} == {}
    check_whole(engine)


def test_kill_9_during_100_saves_loses_none_that_was_acknowledged(database_url: str, tmp_path: Path) -> None:
    chance, told, refused = random.Random(SEED), set[UUID](), dict[UUID, int]()
    with running(database_url, tmp_path) as desk:
        tokens = ask_everybody(desk.engine)
        desk.start()

        for _ in range(KILLS):
            answering = begin_answering(desk, tokens, told, AT_A_TIME)
            answering.wait_for(chance.randint(8, 22))
            time.sleep(chance.uniform(0, 0.08))
            desk.kill()
            answering.end(told, refused)
            desk.start()
            check_nothing_lost(desk.engine, told)
        assert KILLS * 8 <= len(told) < SAVES, f"seed {SEED}: the kills must fall into the saves"
        begin_answering(desk, tokens, told).end(told, refused)

        check_nothing_lost(desk.engine, tokens)
    # Whoever was cut off after their yes was kept, and pressed again, is told that it is done: one a client and kill.
    assert set(tokens) - told == set(refused) - told
    assert set(refused.values()) <= {403, 409}
    assert len(refused) <= CLIENTS * KILLS


def begin_answering(desk: Running, tokens: dict[UUID, str], told: set[UUID], most: int = SAVES) -> Answering:
    """Everybody who has not been told yet presses Yes, or so many of them."""
    answering = Answering(desk.url, SimpleQueue())
    untold = [(proposal_id, token) for proposal_id, token in tokens.items() if proposal_id not in told]
    for each in untold[:most]:
        answering.waiting.put(each)
    answering.begin()
    return answering
