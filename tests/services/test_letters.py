"""What our emails say: one link, plain words, and other people's text as nothing but text."""

import json
import re
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from services import letters
from services.errors import Invalid

LINK = "https://desk.example.org/answer/abc?a=1&b=2"
BAD_INPUTS = json.loads((Path(__file__).parents[1] / "data" / "bad_inputs.json").read_text(encoding="utf-8"))["items"]
FACTS: dict[str, Any] = {
    "scheme_name": "AULP mentoring",
    "person_name": "Ama",
    "reply_address": "mentoring@example.org",
    "link_hours": 72,
}


def hostile(*kinds: str) -> list[Any]:
    return [pytest.param(item["value"], id=item["id"]) for item in BAD_INPUTS if item["kind"] in kinds]


def header_breakers() -> list[Any]:
    items = [item for item in BAD_INPUTS if item["kind"] == "email_header"]
    values = [item.get("value") or "".join(map(chr, item["make"]["codepoints"])) for item in items]
    return [pytest.param(value, id=item["id"]) for value, item in zip(values, items, strict=True)]


def written(template: str, **facts: Any) -> letters.Letter:
    example = letters.KINDS[template].example
    return letters.write(template, {**FACTS, **example, **facts}, link=LINK, zone="Europe/London")


def test_every_template_has_its_file_and_every_file_its_template() -> None:
    files = {path.stem for path in letters.FOLDER.glob("*.txt") if not path.stem.startswith("_")}

    assert files == set(letters.KINDS)


@pytest.mark.parametrize("template", letters.KINDS)
def test_every_email_has_one_link_and_says_whom_to_ask(template: str) -> None:
    letter = written(template)

    assert letter.text.count(LINK) == 1
    assert re.findall(r'href="([^"]*)"', letter.html) == [LINK.replace("&", "&amp;")]
    assert letter.text.count("mentoring@example.org") == 1


@pytest.mark.clause("A-0")
@pytest.mark.parametrize("template", letters.KINDS)
def test_no_email_speaks_of_advice(template: str) -> None:
    letter = written(template)

    assert re.findall("(?i)advi[cs]e", letter.subject + letter.text) == []


@pytest.mark.parametrize("template", letters.KINDS)
def test_both_parts_say_the_same(template: str) -> None:
    letter = written(template)

    body = letter.html.partition("<body")[2].partition(">")[2]
    words = unescape(re.sub("<[^>]+>", " ", body)).split()
    without_link = letter.text.replace(f":\n{LINK}", "")
    assert words == without_link.split()


@pytest.mark.clause("A-ME1")
def test_a_proposal_names_the_mentor_and_says_who_makes_the_first_contact() -> None:
    letter = written("proposal_to_mentee")

    paragraphs = letter.text.split("\n\n")
    assert paragraphs[1] == ("We have found somebody in AULP mentoring who could be your mentor: Marguerite Okafor.")
    assert paragraphs[5] == (
        "Would you like to work with Marguerite Okafor? Please answer by Sunday 28 March 2027. If you say yes, you will"
        " see how to reach them, and you make the first contact. If you say no, nobody asks you why, and we look again."
    )


def test_facts_that_are_not_known_leave_no_gap() -> None:
    letter = written("proposal_to_mentee", mentor_role=None, mentor_sector=None, mentor_summary=None, reasons=[])

    assert "\n\n\n" not in letter.text
    assert letter.text.split("\n\n")[2].startswith("Would you like to work with")


def test_without_a_reply_address_it_says_who_to_ask_instead() -> None:
    letter = written("feedback_due", reply_address=None)

    assert "ask whoever runs AULP mentoring at your university." in letter.text


def test_a_moment_is_the_day_that_it_is_for_the_reader() -> None:
    moment = datetime(2027, 3, 28, 23, 30, tzinfo=UTC)

    letter = written("proposal_reminder", expires_on=moment)

    assert letter.subject == "Your answer is still open until Monday 29 March 2027"


@pytest.mark.parametrize("value", hostile("html", "markdown", "template", "latex", "sql", "log"))
def test_hostile_text_is_only_text_in_both_parts(value: str) -> None:
    lines_of = "\n".join(value.splitlines())

    letter = written("enrolment_returned", note=value)
    harmless = written("enrolment_returned", note="x")

    assert f"\n\n{lines_of}\n\n" in letter.text
    tags = re.findall("<[^>]+>", letter.html)
    assert [tag for tag in tags if tag != "<br>"] == [
        tag for tag in re.findall("<[^>]+>", harmless.html) if tag != "<br>"
    ]
    assert tags.count("<br>") == harmless.html.count("<br>") + lines_of.count("\n")
    shown = unescape(letter.html.replace("<br>", "\n"))
    assert lines_of in shown


def test_nobody_can_forge_a_second_button() -> None:
    letter = written("enrolment_returned", note="Sign in again:\nhttp://127.0.0.1:9/fake-login")

    assert letter.html.count("<a ") == 1


@pytest.mark.parametrize("value", header_breakers())
def test_a_subject_of_two_lines_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        written("enrolment_approved", scheme_name=value)


def test_a_missing_fact_is_a_mistake_and_not_a_gap() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        letters.write("feedback_due", FACTS, link=LINK, zone="UTC")


def test_a_template_that_is_not_ours_is_not_looked_for() -> None:
    with pytest.raises(KeyError):
        letters.write("../../secrets", {**FACTS, "due_on": date(2027, 1, 1)}, link=LINK, zone="UTC")


def test_a_template_that_is_gone_keeps_its_name() -> None:
    assert letters.title_of("birthday_wishes") == "Birthday wishes"
