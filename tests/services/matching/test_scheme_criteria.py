"""What a scheme decides about matching is rows: weights from 0 to 10, and a sentence for each criterion."""

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.schemes import Scheme
from services import errors
from services.access import DESK
from services.matching import scheme_criteria
from services.matching.criteria import CRITERIA
from services.schemes import starting
from tests.factories import make_cohort, make_scheme
from tests.services.matching.run_parts import coordinator_of


@pytest.mark.clause("U-1", "U-C2.4", "U-C4.2", "U-C5.2")
@pytest.mark.parametrize("template", ["aulp", "unnc_alumni", "blank"])
def test_every_template_weighs_every_criterion_and_says_what_it_means(session: Session, template: str) -> None:
    scheme = starting.add_scheme(session, DESK, template)

    found = scheme_criteria.criteria_of(scheme)

    assert [each.key for each in found] == list(CRITERIA)
    assert scheme.criterion_weights.keys() == CRITERIA.keys()
    assert all(0 <= each.weight <= 10 and each.sentence.endswith(".") for each in found)
    assert {"sector", "goals", "languages", "channels", "time_zone", "waiting"} <= {e.key for e in found if e.weight}


def test_a_coordinator_changes_a_weight_and_a_sentence(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"sector": 5}))
    actor, scheme = coordinator_of(session, cohort), session.get_one(Scheme, cohort.scheme_id)

    scheme_criteria.change(
        session, actor, scheme.id, weights={"sector": 2, "goals": 9}, sentences={"sector": " Same field. "},
        version=scheme.version,
    )  # fmt: skip

    found = {each.key: each for each in scheme_criteria.of_scheme(session, actor, cohort.scheme_id)}
    assert (found["sector"].weight, found["sector"].sentence, found["goals"].weight) == (2, "Same field.", 9)
    assert session.exec(select(AuditEntry)).one().details == {"weights": {"sector": 2, "goals": 9}}
    with pytest.raises(errors.Conflict):
        scheme_criteria.change(session, actor, cohort.scheme_id, weights={"sector": 3}, version=1)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    scheme_criteria.change(session, actor, scheme.id, weights={}, sentences={"sector": ""}, version=scheme.version)
    assert scheme_criteria.criteria_of(scheme)[2].sentence == CRITERIA["sector"].about


def test_what_is_no_criterion_or_no_weight_is_refused(session: Session) -> None:
    cohort = make_cohort(session)
    actor, stranger = coordinator_of(session, cohort), coordinator_of(session, make_cohort(session))

    for weights in ({"gender": 1}, {"sector": 11}, {"sector": -1}):
        with pytest.raises(errors.Invalid):
            scheme_criteria.change(session, actor, cohort.scheme_id, weights=weights, version=1)
    with pytest.raises(errors.NotAllowed):
        scheme_criteria.change(session, stranger, cohort.scheme_id, weights={}, version=1)

    assert session.get_one(Scheme, cohort.scheme_id).criterion_weights == {"sector": 5, "goals": 5}
