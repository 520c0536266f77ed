"""Migration 0018 keeps what a form said so far: a match sees what its people were told it sees, and no more."""

from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from models.database import make_engine
from models.enrolments import Side
from models.schemes import FormField
from services.enrolment_form import question
from services.schema import downgrade, migrate
from services.schemes import wording
from tests.factories import make_scheme

MATCH = "The coordinator, and your match once you have one."
OF_BOTH = ["mentor", "mentee"]


def test_only_what_people_were_told_in_the_desks_own_words_is_shown_to_a_match(tmp_path: Path) -> None:
    old: dict[str, tuple[list[str], dict[str, str], str]] = {
        "languages": (OF_BOTH, {}, MATCH),
        "background": (["mentee"], {}, "The coordinator, and your mentor once you are matched."),
        "needs": (
            ["mentee"],
            {},
            "The coordinator. Your mentor sees it once you are matched, and only if you choose to share it.",
        ),
        "role_title": (
            OF_BOTH,
            {"audience:mentee": "The coordinator, and your mentor once you accept."},
            "The coordinator, and mentees you are proposed to.",
        ),
        "organisation": (OF_BOTH, {}, "The coordinator, and your match once you have one; never in a proposal."),
        "full_name": (OF_BOTH, {}, "The coordinator, and your mentor once you accept."),
        "a_book": (["mentor"], {"option:one": "One"}, "The coordinator, and whoever is matched with you."),
    }
    engine = make_engine(f"sqlite:///{tmp_path / 'old.db'}")
    migrate(engine)
    with Session(engine) as session:
        scheme = make_scheme(session)
        for position, (key, (roles, labels, audience)) in enumerate(old.items()):
            where: dict[str, Any] = {"scheme_id": scheme.id, "step": 1, "position": position, "kind": "short_text"}
            said = dict.fromkeys(roles, key) | labels
            session.add(FormField(key=key, roles=roles, labels=said, audience=audience, **where))
        session.commit()
    downgrade(engine, "0017")

    migrate(engine)

    with Session(engine) as session:
        fields = {field.key: field for field in session.exec(select(FormField))}
        rules = {key: field.for_match for key, field in fields.items()}
        sentences = {key: (field.audience, field.labels.get("audience:mentee")) for key, field in fields.items()}
        told = question(fields["languages"], Side.MENTOR, []).audience
        assert wording.match_label(fields["languages"], Side.MENTOR) == "Languages"
    assert rules == {
        "languages": {"mentor": "always", "mentee": "always"},
        "background": {"mentee": "choice"},
        "needs": {"mentee": "choice"},
        "role_title": {"mentee": "always"},
        "organisation": {"mentor": "always", "mentee": "always"},
        "full_name": None,
        "a_book": None,
    }
    assert sentences == {
        "languages": ("The coordinator.", None),
        "background": ("The coordinator.", None),
        "needs": ("The coordinator.", None),
        "role_title": ("The coordinator, and mentees you are proposed to.", "The coordinator."),
        "organisation": ("The coordinator; never in a proposal.", None),
        "full_name": ("The coordinator, and your mentor once you accept.", None),
        "a_book": ("The coordinator, and whoever is matched with you.", None),
    }
    assert told == "The coordinator. Your mentee sees it too while you are matched."
    engine.dispose()
