"""What the invented people say about themselves where their scheme asks: most something, some nothing. Pure."""

from collections.abc import Mapping

from models.enrolments import Side
from services.schemes import equality, templates

# By seven, as their pronouns go round; what somebody is called and what they answer must not contradict each other.
_GENDER = ("woman", "woman", "man", "man", "woman", "another", "man")
_AGE = {
    Side.MENTOR: ("35_44", "45_54", "from_55", "45_54", "35_44"),
    Side.MENTEE: ("25_34", "under_25", "25_34", "35_44", "25_34"),
}
_ETHNICITY = ("white", "asian", "white", "black", "white", "mixed", "white", "unsaid", "another")
_DISABILITY = ("no", "no", "yes", "no", "no", "unsaid", "no")
_FIRST_FAMILY = ("no", "yes", "no", "yes", "no")
# Of eight people one answers nothing, and one only the first question or two.
_ROUND, _SILENT, _SHORT = 8, 7, 3


def answers(key: str, side: Side, number: int) -> Mapping[str, str]:
    """By question, of those that the scheme asks; nothing for whoever leaves it alone."""
    if number % _ROUND == _SILENT:
        return {}
    turns = {
        "age": _AGE[side],
        "gender": _GENDER,
        "ethnicity": _ETHNICITY,
        "disability": _DISABILITY,
        "first_family": _FIRST_FAMILY,
    }
    asked = [question.key for question in equality.chosen(templates.load(key).equality)]
    given = {question: turns[question][number % len(turns[question])] for question in asked}
    return dict(list(given.items())[:2]) if number % _ROUND == _SHORT else given
