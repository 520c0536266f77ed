"""The ledger's pack names who published a text to whoever runs the scheme, and to nobody else."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session

from models.agreements import DocumentKind
from models.columns import utc_now
from services import agreements
from services.access import Acting
from services.ledger.pack import evidence_pack
from tests.factories import make_actor, make_cohort, make_coordinator, make_document, make_manager, make_scheme
from tests.services.signing_parts import TEXT


@pytest.mark.clause("U-C1.1")
def test_the_publisher_stands_in_the_coordinators_pack_and_not_in_the_managers(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, key="unnc_alumni"))
    coordinator = make_actor(make_coordinator(session, cohort, "Wanjiru Writer"), cohort)
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)
    make_document(session, cohort.scheme_id, kind=DocumentKind.AGREEMENT, title="From the template", text=TEXT + "\n")
    agreements.publish(session, coordinator, cohort.scheme_id, kind=DocumentKind.CODE, title="Our code", text=TEXT)

    tomorrow = utc_now().date() + timedelta(days=1)
    packs = [evidence_pack(session, each, cohort.id, today=tomorrow) for each in (coordinator, manager)]

    ours, theirs = (
        re.findall(r"<p>([^,<]+), version 1, published on \d+ \w+ \d{4}(.*?):<br>", pack.content.decode())
        for pack in packs
    )
    assert sorted(ours) == [("From the template", ""), ("Our code", " by Wanjiru Writer")]
    assert sorted(theirs) == [("From the template", ""), ("Our code", "")]
