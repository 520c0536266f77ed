"""What the tests of the matching review do on it and read from it."""

from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from models.people import Person
from models.schemes import Cohort
from services.matching import runs
from tests.factories import (
    make_actor,
)
from tests.services.matching.run_parts import TODAY


def run_of(session: Session, cohort: Cohort, coordinator: Person) -> None:
    runs.run(session, make_actor(coordinator, cohort), cohort.id, today=TODAY)


def texts(page: AppTest) -> list[str]:
    kinds = (page.markdown, page.caption, page.info, page.warning, page.error, page.success, page.text, page.header)
    return [element.value for kind in kinds for element in kind]


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.main.button]


def lines(page: AppTest) -> list[str]:
    """Each line of the list with what stands under it."""
    return [
        f"{words} | {caption}"
        for group in page.radio
        if group.label == "Open a pair"
        for words, caption in zip(group.options, group.proto.captions, strict=True)
    ]


def drawn(page: AppTest) -> str:
    return "\n".join(texts(page))
