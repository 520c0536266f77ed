"""Starting a scheme makes rows of everything that its template says."""

from datetime import date

import pytest
from sqlmodel import Session, col, select

from models.agreements import Clause, DocumentKind, SchemeDocument, TrainingModule
from models.audit import AuditEntry
from models.enrolments import Side
from models.people import Role, RoleGrant
from models.schemes import AnsweredBy, Cohort, FormField, Scheme, Style
from services.access import DESK, Acting, Actor, Place
from services.errors import Conflict, Invalid, NotAllowed, Refusal
from services.schemes import starting, templates, wording
from tests.factories import make_actor, make_cohort, make_coordinator, make_person

STARTS, ENDS = date(2026, 9, 1), date(2027, 8, 31)


def administrator(session: Session) -> Actor:
    return Actor(person_id=make_person(session).id, name="Ada", place=Place(Acting.ADMINISTRATOR))


def start(session: Session, actor: Actor, key: str = "aulp", cohort_name: str = "2026/27") -> Cohort:
    return starting.start(session, actor, key, cohort_name=cohort_name, starts_on=STARTS, ends_on=ENDS)


def documents_of(session: Session, cohort: Cohort) -> dict[DocumentKind, SchemeDocument]:
    found = session.exec(select(SchemeDocument).where(SchemeDocument.scheme_id == cohort.scheme_id))
    return {document.kind: document for document in found}


@pytest.mark.parametrize("key", templates.keys())
def test_a_started_scheme_says_what_its_template_says(session: Session, key: str) -> None:
    template = templates.load(key)

    cohort = start(session, administrator(session), key)

    scheme = session.get_one(Scheme, cohort.scheme_id)
    assert (scheme.key, scheme.name, scheme.time_zone) == (key, template.name, template.time_zone)
    assert scheme.channels == list(template.channels)
    assert (scheme.mentor_gates, scheme.mentee_gates) == (list(template.gates.mentor), list(template.gates.mentee))
    assert (scheme.default_interval_days, scheme.meeting_minutes) == (
        template.rhythm.default_interval_days,
        template.rhythm.minutes,
    )
    assert scheme.criterion_weights["goals"] == template.criteria.goals
    assert [question["key"] for question in scheme.other_settings["feedback"]["mentor"]] == [
        question.key for question in template.form("mentor").questions
    ]
    fields = session.exec(
        select(FormField).where(FormField.scheme_id == scheme.id).order_by(col(FormField.position))
    ).all()
    assert [field.key for field in fields] == [field.key for field in template.fields]
    assert (cohort.name, cohort.starts_on, cohort.ends_on) == ("2026/27", STARTS, ENDS)


def test_the_two_schemes_keep_what_sets_them_apart(session: Session) -> None:
    actor = administrator(session)

    aulp = session.get_one(Scheme, start(session, actor, "aulp").scheme_id)
    unnc = session.get_one(Scheme, start(session, actor, "unnc_alumni").scheme_id)

    assert (aulp.style, aulp.answered_by) == (Style.FACILITATIVE, AnsweredBy.MENTEE)
    assert (unnc.style, unnc.answered_by) == (Style.CAREER_GUIDING, AnsweredBy.MENTOR_AFTER_WISH)
    assert (unnc.mentor_gates, unnc.mentee_gates) == (["signature", "conflicts", "training"], ["conflicts"])


def test_the_aulp_code_is_signed_by_both_sides(session: Session) -> None:
    documents = documents_of(session, start(session, administrator(session)))

    signed = {kind: document.signed_by for kind, document in documents.items() if document.signed_by}
    assert signed == {DocumentKind.CODE: ["mentor", "mentee"]}


def test_unnc_mentors_sign_agreement_and_code_and_the_mentee_agreement_stays_off(session: Session) -> None:
    cohort = start(session, administrator(session), "unnc_alumni")

    signed = {kind: document.signed_by for kind, document in documents_of(session, cohort).items()}
    assert {kind: sides for kind, sides in signed.items() if sides} == {
        DocumentKind.AGREEMENT: ["mentor"],
        DocumentKind.CODE: ["mentor"],
    }
    offered = session.get_one(Scheme, cohort.scheme_id).other_settings["offered_documents"]
    assert [document["kind"] for document in offered] == ["mentee_agreement"]


def test_a_document_keeps_its_clauses_in_order_with_their_ids(session: Session) -> None:
    cohort = start(session, administrator(session), "unnc_alumni")

    document = documents_of(session, cohort)[DocumentKind.AGREEMENT]
    clauses = session.exec(select(Clause).where(Clause.document_id == document.id).order_by(col(Clause.position))).all()
    assert [clause.key for clause in clauses] == [
        "U-1", "U-2", "U-3", "U-4", "U-5", "U-6", "U-7", "U-8", "U-8a", "U-8b", "U-8c", "U-9",
    ]  # fmt: skip
    assert clauses[0].section == "What others learn about me"


def test_training_is_required_only_where_the_template_requires_it(session: Session) -> None:
    actor = administrator(session)
    aulp, unnc = start(session, actor, "aulp"), start(session, actor, "unnc_alumni")

    found = session.exec(select(TrainingModule)).all()

    required = {module.scheme_id: module.required_for for module in found}
    assert required == {aulp.scheme_id: [], unnc.scheme_id: ["mentor"]}


def test_a_field_speaks_to_each_side_in_its_own_words(session: Session) -> None:
    cohort = start(session, administrator(session))

    fields = session.exec(select(FormField).where(FormField.scheme_id == cohort.scheme_id)).all()

    by_key = {field.key: field for field in fields}
    template = {field.key: field for field in templates.load("aulp").fields}
    for key, field in by_key.items():
        for role in template[key].roles:
            side = Side(role)
            assert wording.label(field, side) == template[key].label.for_role(role)
            assert wording.audience(field, side) == template[key].audience.for_role(role)
            assert wording.help_for(field, side) == template[key].help.for_role(role)
    assert by_key["channels"].options == ["email", "telephone", "video", "in_person"]
    assert wording.option_label(by_key["channels"], "in_person") == "In person"
    assert wording.option_label(by_key["channels"], "fax") == "fax"


def test_whoever_starts_a_scheme_coordinates_it_and_the_journal_says_so(session: Session) -> None:
    actor = administrator(session)

    cohort = start(session, actor)

    grants = session.exec(select(RoleGrant)).all()
    assert [(grant.person_id, grant.scheme_id, grant.role) for grant in grants] == [
        (actor.person_id, cohort.scheme_id, Role.COORDINATOR)
    ]
    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence))).all()
    assert [(entry.action, entry.subject_id) for entry in entries] == [
        ("scheme.started", cohort.scheme_id),
        ("cohort.added", cohort.id),
    ]


def test_the_desk_itself_starts_a_scheme_that_nobody_coordinates_yet(session: Session) -> None:
    cohort = start(session, DESK)

    assert session.exec(select(RoleGrant)).all() == []
    assert session.get_one(Scheme, cohort.scheme_id).name == "AULP Mentoring Scheme"


def test_two_schemes_of_one_template_are_told_apart_by_name(session: Session) -> None:
    actor = administrator(session)

    first, second = start(session, actor), start(session, actor)
    third = starting.start(
        session, actor, "aulp", cohort_name="2026/27", starts_on=STARTS, ends_on=ENDS, scheme_name="AULP North"
    )

    names = [session.get_one(Scheme, cohort.scheme_id).name for cohort in (first, second, third)]
    assert names == ["AULP Mentoring Scheme", "AULP Mentoring Scheme (2)", "AULP North"]


@pytest.mark.parametrize(
    ("key", "name", "starts_on", "ends_on", "sentence"),
    [
        ("nothing", "2026/27", STARTS, ENDS, "There is no such scheme template."),
        ("aulp", "2026/27", ENDS, STARTS, "The cohort ends before it starts."),
        ("aulp", "2026/27", STARTS, STARTS, "The cohort ends before it starts."),
        ("aulp", "2026/27", STARTS, date(2062, 8, 31), "The cohort is longer than 5 years."),
        ("aulp", " \u200b ", STARTS, ENDS, "The cohort has no name."),
        ("aulp", "x" * 101, STARTS, ENDS, "The cohort's name is too long (101 characters, at most 100)."),
    ],
)
def test_a_start_that_cannot_be_is_refused_and_leaves_nothing(
    session: Session, key: str, name: str, starts_on: date, ends_on: date, sentence: str
) -> None:
    actor = administrator(session)
    session.commit()

    with pytest.raises(Invalid) as refused:
        starting.start(session, actor, key, cohort_name=name, starts_on=starts_on, ends_on=ends_on)

    assert refused.value.happened == sentence
    session.rollback()
    assert (session.exec(select(Scheme)).all(), session.exec(select(Cohort)).all()) == ([], [])


def test_a_coordinator_starts_no_scheme(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    with pytest.raises(NotAllowed):
        start(session, actor)

    assert [scheme.id for scheme in session.exec(select(Scheme)).all()] == [cohort.scheme_id]


def test_a_coordinator_adds_a_cohort_to_their_scheme(session: Session) -> None:
    cohort = make_cohort(session, name="2025/26")
    actor = make_actor(make_coordinator(session, cohort), cohort)

    added = starting.add_cohort(session, actor, cohort.scheme_id, cohort_name="2026/27", starts_on=STARTS, ends_on=ENDS)

    assert (added.scheme_id, added.name, added.is_demonstration) == (cohort.scheme_id, "2026/27", False)


@pytest.mark.parametrize("name", ["2025/26", " 2025/26 "])
def test_a_second_cohort_of_one_name_is_refused(session: Session, name: str) -> None:
    cohort = make_cohort(session, name="2025/26")
    actor = make_actor(make_coordinator(session, cohort), cohort)

    with pytest.raises(Conflict):
        starting.add_cohort(session, actor, cohort.scheme_id, cohort_name=name, starts_on=STARTS, ends_on=ENDS)

    assert [found.id for found in session.exec(select(Cohort)).all()] == [cohort.id]


def test_a_stranger_adds_no_cohort(session: Session) -> None:
    ours, theirs = make_cohort(session), make_cohort(session)
    actor = make_actor(make_coordinator(session, ours), ours)

    with pytest.raises(Refusal) as refused:
        starting.add_cohort(session, actor, theirs.scheme_id, cohort_name="2026/27", starts_on=STARTS, ends_on=ENDS)

    assert type(refused.value) is NotAllowed
    assert len(session.exec(select(Cohort)).all()) == 2
