"""The people of the demonstration, read from people.toml: their names, and what they put into the form. Pure."""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.enrolments import ConsentPurpose, Side
from services.demonstration import equality_answers

DOMAIN = "example.org"  # kept free for examples by the internet's own rules (RFC 2606)
_FILE = Path(__file__).with_name("people.toml")
_YEARS = ("Year 2", "Year 3", "Year 4", "Master", "Year 3", "PhD")
_NEEDS = ("Talking in the evening suits me best.", "Written notes after a call help me.", "", "A slow start, please.")
_BACKGROUND = ("First in my family at a university.", "", "I grew up between two languages.", "", "")
_ACCESS = ("", "Captions on video calls help me.", "", "", "A room without steps, should we meet.")
_PRONOUNS = ("", "she/her", "", "he/him", "", "they/them", "")


@dataclass(frozen=True)
class Invented:
    """One invented person on one side of one cohort. `number` is their place in the list, from 0.

    `listed` and `shared` are the questions whose answers they show in the directory, and share with their match.
    `equality` is what they say of themselves, for no one person to see.
    """

    number: int
    side: Side
    full_name: str
    email: str
    zone: str
    answers: Mapping[str, Any]
    consents: tuple[ConsentPurpose, ...]
    listed: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    equality: Mapping[str, str] = field(default_factory=dict)


def people(template_key: str, side: Side) -> tuple[Invented, ...]:
    """Everybody of one side, in the order of the file. The same at every call."""
    world = _world()[template_key]
    entries = enumerate(world[f"{side.value}s"])
    return tuple(_invented(template_key, world, side, number, entry) for number, entry in entries)


@cache
def _world() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _invented(key: str, world: Mapping[str, Any], side: Side, number: int, entry: str) -> Invented:
    name, _, mailbox = entry.partition("|")
    zone = _turn(world["zones"], number) if side is Side.MENTOR or key == "aulp" else "Asia/Shanghai"
    answers = {
        "pronouns": _turn(_PRONOUNS, number),
        "time_zone": zone,
        "languages": _turn(world["languages"], number),
        **_reached_by(key, side, number, zone),
        **_work(world, side, number, name),
        **(_student(number) if key != "aulp" and side is Side.MENTEE else {}),
        **_personal(key, side, number, mailbox),
    }
    return Invented(
        number=number,
        side=side,
        full_name=name,
        email=f"{mailbox or _mailbox(name)}@{DOMAIN}",
        zone=zone,
        answers=MappingProxyType({question: answer for question, answer in answers.items() if answer}),
        consents=_consents(key, side, answers),
        listed=listed(side, number, answers) if key != "aulp" else (),
        shared=shared(number, answers),
        equality=equality_answers.answers(key, side, number),
    )


def _work(world: Mapping[str, Any], side: Side, number: int, name: str) -> dict[str, Any]:
    """What they do or hope for. Mentors and mentees of one number are in one field; the wording moves on by rounds."""
    fields = world["fields"]
    field, round_ = fields[number % len(fields)], number // len(fields)
    tongue = "" if name.isascii() or "done_zh" not in field or name[0].isascii() else "_zh"
    common = {"sector": field["sector"], "role_title": _turn(field["roles"], round_)}
    if side is Side.MENTOR:
        years = 4 + (number * 7) % 23
        facts = {"organisation": _turn(field["organisations"], round_), "years_of_experience": years}
        return {
            **common,
            **facts,
            "summary": _turn(field[f"done{tongue}"], round_),
            "capacity": (2, 1, 2, 1, 3)[number % 5],
        }
    goals = _turn(field[f"goals{tongue}"], round_)
    if "done_zh" in field:
        return {**common, "goals": goals, "summary": _turn(_ABOUT, number)}
    facts = {"organisation": _turn(field["organisations"], round_ + 1), "years_of_experience": 1 + (number * 5) % 12}
    return {**common, **facts, "goals": goals, "summary": _turn(field["done"], round_ + 1)}


_ABOUT = (
    "I like working in groups and I am learning to speak first.",
    "Exchange term abroad, debating society, and a part-time job in the library.",
    "I changed my subject once and am glad of it.",
    "First in my family at a university; curious about nearly everything.",
    "I write code at night and run in the morning.",
)


def _reached_by(key: str, side: Side, number: int, zone: str) -> dict[str, Any]:
    """Channels, with numbers that regulators keep free for stories; WeChat IDs that say what they are."""
    line = number + {"aulp": 100, "unnc_alumni": 300}[key] + (100 if side is Side.MENTEE else 0)
    telephone = f"+44 7700 900{line}" if zone in {"Europe/London", "Europe/Dublin"} else None
    if key == "aulp":
        channels = _turn((["email", "video"], ["email", "telephone", "video"], ["video", "in_person"]), number)
        return {"telephone": telephone, "channels": channels}
    wechat = f"demo-only-{line}" if number % 3 else None
    ways = [("email", True), ("telephone", telephone), ("wechat", wechat)]
    return {"telephone": telephone, "wechat_id": wechat, "channels": [name for name, open_ in ways if open_]}


def _student(number: int) -> dict[str, Any]:
    return {"year_of_study": _turn(_YEARS, number), "level": "student", "needs": _turn(_NEEDS, number)}


def _personal(key: str, side: Side, number: int, mailbox: str) -> dict[str, Any]:
    """What to be called, for whoever is easier found by another name, and what some would like to be known."""
    found: dict[str, Any] = {"called": mailbox.partition(".")[0].title()}
    if key == "aulp":
        return found | {"access_needs": _turn(_ACCESS, number)}
    return found | ({"background": _turn(_BACKGROUND, number)} if side is Side.MENTEE else {})


def listed(side: Side, number: int, answers: Mapping[str, Any]) -> tuple[str, ...]:
    """What a mentor shows in the directory beside the four facts: some of them something, few of them everything."""
    chosen = {"languages": number % 2 == 0, "organisation": number % 3 == 0, "support": number % 3 == 1}
    return tuple(key for key, wanted in chosen.items() if wanted and answers.get(key)) if side is Side.MENTOR else ()


def shared(number: int, answers: Mapping[str, Any]) -> tuple[str, ...]:
    """What somebody shares with their match, of what is asked by choice: two in three do."""
    return tuple(key for key in ("needs", "access_needs", "background", "support") if answers.get(key) and number % 3)


def _consents(key: str, side: Side, answers: Mapping[str, Any]) -> tuple[ConsentPurpose, ...]:
    """Everybody shares their address; what else they filled in, they share; mentors of students are listed."""
    asked = {
        ConsentPurpose.SHARE_EMAIL: True,
        ConsentPurpose.SHARE_TELEPHONE: answers.get("telephone"),
        ConsentPurpose.SHARE_WECHAT: answers.get("wechat_id"),
        ConsentPurpose.DIRECTORY: key != "aulp" and side is Side.MENTOR,
    }
    return tuple(purpose for purpose, given in asked.items() if given)


def _mailbox(name: str) -> str:
    """first.last in plain letters."""
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l")).encode("ascii", "ignore").decode()
    return ".".join(part.replace("'", "") for part in plain.casefold().split())


def _turn(choices: Any, number: int) -> Any:
    return choices[number % len(choices)]
