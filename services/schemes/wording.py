"""How the words of a form field are kept: the row's columns hold the first role's, `labels` what differs."""

from models.enrolments import Side
from models.schemes import FormField


def label(field: FormField, side: Side) -> str:
    """What the field is called for one side."""
    return field.labels.get(side.value) or next(iter(field.labels.values()), field.key)


def help_for(field: FormField, side: Side) -> str:
    """The sentence under the field, or ''."""
    return field.labels.get(f"help:{side.value}", field.help)


def audience(field: FormField, side: Side) -> str:
    """Who will see the answer, and when."""
    return field.labels.get(f"audience:{side.value}", field.audience)


def option_label(field: FormField, code: str) -> str:
    """What an option is called; the code itself when it has no words of its own."""
    return field.labels.get(f"option:{code}", code)


def match_label(field: FormField, side: Side) -> str:
    """Under which words the other half of a pair reads this side's answer; the question, where none are given."""
    return field.labels.get(f"match:{side.value}") or label(field, side)
