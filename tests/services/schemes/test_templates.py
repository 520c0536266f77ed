"""The shipped templates: every clause in its place, every field with its audience."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from services.schemes import templates
from services.schemes.rules import Role

SCHEMES = Path(templates.__file__).parent
ROLES: tuple[Role, Role] = ("mentor", "mentee")
KEYS = templates.keys()

AULP = [
    *("A-0", "A-ME1", "A-ME2", "A-ME3"),
    *("A-MR1", "A-MR2", "A-MR3", "A-MR4", "A-MR5", "A-MR6", "A-MR7"),
    *("A-SH1", "A-SH2", "A-SH3", "A-SH4", "A-SH5", "A-SH6"),
]
UNNC_AGREEMENT = ["U-1", "U-2", "U-3", "U-4", "U-5", "U-6", "U-7", "U-8", "U-8a", "U-8b", "U-8c", "U-9"]
UNNC_CODE = [
    *("U-C1.1", "U-C2.1", "U-C2.2", "U-C2.3", "U-C2.4", "U-C3.1"),
    *("U-C4.1", "U-C4.2", "U-C4.3", "U-C4.4", "U-C4.5", "U-C5.1", "U-C5.2", "U-C5.3"),
    *("U-C6.1", "U-C6.2", "U-C6.4", "U-C6.5", "U-C6.6", "U-C6.7", "U-C6.8"),
]


def ids(key: str, kind: str) -> list[str]:
    document = templates.load(key).document(kind)
    return [clause.id for clause in document.clauses] if document else []


def words_of(key: str) -> dict[str, str]:
    """Every text file of a template, by its path in the folder."""
    files = sorted(path for path in (SCHEMES / key).rglob("*") if path.suffix in {".md", ".toml"})
    return {str(path.relative_to(SCHEMES)): path.read_text(encoding="utf-8") for path in files}


def test_there_are_two_schemes_and_a_blank_one() -> None:
    assert KEYS == ("aulp", "unnc_alumni", "blank")


def test_an_unknown_template_is_named_with_the_ones_there_are() -> None:
    with pytest.raises(templates.TemplateError) as refused:
        templates.load("../aulp")

    assert str(refused.value) == "There is no scheme template '../aulp'. There are: aulp, unnc_alumni, blank."


def test_the_aulp_code_has_every_clause_once_and_in_order() -> None:
    assert ids("aulp", "code") == AULP
    assert templates.load("aulp").document("agreement") is None


def test_the_unnc_agreement_has_every_clause_once_and_in_order() -> None:
    assert ids("unnc_alumni", "agreement") == UNNC_AGREEMENT


def test_the_unnc_code_has_every_clause_once_in_order_and_keeps_the_gap_at_6_3() -> None:
    assert ids("unnc_alumni", "code") == UNNC_CODE
    assert "U-C6.3" not in UNNC_CODE


@pytest.mark.parametrize("key", KEYS)
def test_no_clause_stands_in_two_documents_and_none_is_empty(key: str) -> None:
    clauses = [clause for document in templates.load(key).documents for clause in document.clauses]

    assert sorted({clause.id for clause in clauses}) == sorted(clause.id for clause in clauses)
    assert [clause.id for clause in clauses if len(clause.text.split()) < 8 or not clause.heading] == []


def test_the_aulp_code_is_read_in_four_boxes() -> None:
    code = templates.load("aulp").to_sign("mentee")[0]

    assert [section.title for section in code.sections] == [
        "What the scheme is for",
        "What a mentee takes on",
        "What a mentor takes on",
        "What you carry together",
    ]
    assert [clause.id for clause in code.clauses if clause.section == "What a mentee takes on"] == AULP[1:4]


@pytest.mark.parametrize("key", KEYS)
def test_a_documents_parts_are_its_text_and_its_fingerprint_is_of_that_text(key: str) -> None:
    template = templates.load(key)
    reading = [document for module in template.modules for document in module.content]

    for document in (*template.documents, *template.resources, *reading):
        assert document.opening + "".join(section.text for section in document.sections) == document.text
        assert document.sha256 == sha256(document.text.encode("utf-8")).hexdigest()


@pytest.mark.clause("A-0")
def test_aulp_never_calls_what_a_mentor_gives_advice() -> None:
    template = templates.load("aulp")
    sentences = [
        (file, sentence) for file, text in words_of("aulp").items() for sentence in re.split(r"[.?!\"]\s", text)
    ]

    saying_so = [(file, said) for file, said in sentences if re.search(r"\badvi[cs]", said, re.IGNORECASE)]
    assert [(file, said) for file, said in saying_so if not re.search(r"\bdoes\s+not\s+give\s+advice", said)] == []
    assert template.style == "facilitative"
    assert template.role_line == (
        "A mentor here listens, asks and challenges. The mentee finds the answer and owns the decision."
    )


@pytest.mark.clause("A-0", "U-C6.6")
@pytest.mark.parametrize(("key", "clause"), [("aulp", "A-0"), ("unnc_alumni", "U-C6.6")])
def test_mentees_are_asked_whether_they_reached_their_own_conclusion(key: str, clause: str) -> None:
    asked = templates.load(key).form("mentee").asked_at("end")

    assert [question.key for question in asked if question.clause == clause] == ["own_conclusion"]


@pytest.mark.clause("U-C2.4")
def test_unnc_pairs_meet_at_a_distance_only() -> None:
    unnc, aulp = templates.load("unnc_alumni"), templates.load("aulp")

    assert unnc.channels == ("email", "telephone", "wechat")
    assert aulp.channels == ("email", "telephone", "video", "in_person")


@pytest.mark.clause("U-3", "U-C5.1", "U-9", "U-C4.1")
def test_the_gates_differ_by_scheme_and_role() -> None:
    gates = {(key, role): templates.load(key).gates.for_role(role) for key in KEYS for role in ROLES}

    assert gates == {
        ("aulp", "mentor"): ("signature", "conflicts"),
        ("aulp", "mentee"): (),
        ("unnc_alumni", "mentor"): ("signature", "conflicts", "training"),
        ("unnc_alumni", "mentee"): ("conflicts",),
        ("blank", "mentor"): ("signature",),
        ("blank", "mentee"): ("signature",),
    }


@pytest.mark.clause("U-9")
def test_each_role_signs_what_its_scheme_asks_for() -> None:
    signed = {
        (key, role): [document.kind for document in templates.load(key).to_sign(role)] for key in KEYS for role in ROLES
    }

    assert signed == {
        ("aulp", "mentor"): ["code"],
        ("aulp", "mentee"): ["code"],
        ("unnc_alumni", "mentor"): ["agreement", "code"],
        ("unnc_alumni", "mentee"): [],
        ("blank", "mentor"): ["code"],
        ("blank", "mentee"): ["code"],
    }
    assert templates.load("unnc_alumni").signature.offered == ("mentee_agreement",)


@pytest.mark.clause("U-1")
def test_the_unnc_directory_shows_exactly_four_fields() -> None:
    template = templates.load("unnc_alumni")

    assert template.directory
    assert sorted(template.shown_before_match.mentor) == ["full_name", "role_title", "sector", "summary"]


@pytest.mark.clause("U-8", "U-8a", "U-8b", "U-8c", "A-MR3")
def test_only_unnc_has_exceptions_to_confidentiality() -> None:
    assert {key: templates.load(key).exceptions for key in KEYS} == {
        "aulp": (),
        "unnc_alumni": ("U-8a", "U-8b", "U-8c"),
        "blank": (),
    }


@pytest.mark.clause("A-ME1", "U-2")
def test_each_way_of_contact_has_a_switch_of_its_own() -> None:
    consents = {
        (key, role): [field.key for field in templates.load(key).fields_for(role) if field.kind == "consent"]
        for key in ("aulp", "unnc_alumni")
        for role in ROLES
    }

    assert consents == {
        ("aulp", "mentor"): ["share_email", "share_telephone"],
        ("aulp", "mentee"): ["share_email", "share_telephone"],
        ("unnc_alumni", "mentor"): ["directory", "share_email", "share_telephone", "share_wechat"],
        ("unnc_alumni", "mentee"): ["share_email", "share_telephone", "share_wechat"],
    }


@pytest.mark.parametrize("key", KEYS)
def test_every_field_says_what_it_asks_and_who_sees_the_answer(key: str) -> None:
    fields = templates.load(key).fields

    silent = [
        (field.key, role)
        for field in fields
        for role in field.roles
        if not (field.label.for_role(role) and re.fullmatch(r"[A-Z].{10,}\.", field.audience.for_role(role)))
    ]
    assert silent == []
    assert [field.key for field in fields if len(field.audience.for_both()) > 500] == []
    assert [field.key for field in fields if field.kind.endswith("_text") and field.longest is None] == []


@pytest.mark.parametrize("key", KEYS)
def test_both_roles_are_asked_for_the_core_of_a_profile(key: str) -> None:
    core = {"full_name", "called", "pronouns", "sector", "role_title", "summary", "languages", "time_zone", "channels"}
    asked = {role: {field.key for field in templates.load(key).fields_for(role)} for role in ROLES}

    assert {role: core - asked[role] for role in ROLES} == {"mentor": set(), "mentee": set()}
    assert ("capacity" in asked["mentor"], "capacity" in asked["mentee"]) == (True, False)
    assert ("goals" in asked["mentor"], "goals" in asked["mentee"]) == (False, True)


def test_a_form_is_asked_in_the_order_of_its_steps() -> None:
    steps = [field.step for field in templates.load("unnc_alumni").fields_for("mentee")]

    assert steps == sorted(steps)


@pytest.mark.clause("U-C4.2", "U-C4.3")
def test_students_may_say_what_they_need_and_where_they_come_from_and_need_not() -> None:
    fields = {field.key: field for field in templates.load("unnc_alumni").fields_for("mentee")}

    assert [(key, fields[key].required, fields[key].clause) for key in ("needs", "background")] == [
        ("needs", False, "U-C4.2"),
        ("background", False, "U-C4.3"),
    ]


def test_the_two_schemes_run_at_their_own_pace() -> None:
    aulp, unnc = templates.load("aulp"), templates.load("unnc_alumni")

    assert (aulp.rhythm.default_interval_days, aulp.rhythm.minutes) == (30, 45)
    assert (unnc.rhythm.default_interval_days, unnc.rhythm.minutes) == (14, 30)
    assert (aulp.answered_by, aulp.criteria.wish) == ("mentee", 0)
    assert (unnc.answered_by, unnc.criteria.wish) == ("mentor_after_wish", 9)


@pytest.mark.clause("U-3", "U-C5.1")
def test_unnc_mentors_have_a_starter_module_with_a_real_check() -> None:
    (module,) = templates.load("unnc_alumni").modules

    assert (module.required, module.roles, module.pass_mark, module.expires_after_months) == (True, ("mentor",), 4, 24)
    assert len(module.questions) == 5
    assert len({question.answer for question in module.questions}) > 1
    assert len(module.text_in("en").split()) > 1800
    assert module.text_in("zh") == module.text_in("en")


def test_the_aulp_module_is_an_offer() -> None:
    (module,) = templates.load("aulp").modules

    assert (module.required, module.clause) == (False, "A-0")


@pytest.mark.clause("U-6", "A-SH6")
@pytest.mark.parametrize("key", KEYS)
def test_a_feedback_form_takes_a_minute_at_every_point(key: str) -> None:
    for role in ROLES:
        form = templates.load(key).form(role)

        counts = [len(form.asked_at(point)) for point in ("start", "middle", "end")]
        assert form.minutes == 1
        assert max(counts) <= 7
        assert [question.key for question in form.asked_at("start") if question.kind == "nps"] == []
        assert [question.key for question in form.asked_at("end") if question.kind == "nps"] == ["recommend"]


def test_a_document_in_another_language_falls_back_to_the_first() -> None:
    template = templates.load("aulp")

    assert template.document("rights", "zh") == template.document("rights", "en")
