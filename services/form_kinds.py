"""The kinds of question a form can ask: what may be chosen, and how an answer of each kind is checked.

A kind decides the shape in which an answer is kept: text, a whole number, or a list of codes.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from models.schemes import FormField
from services import cleaning, languages
from services.errors import Invalid
from services.schemes import wording
from services.schemes.sectors import sector_for, sectors

# Kinds in words, for whoever edits a form. Consents have rules of their own and cannot be added by hand.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "short_text": "One line of text",
        "long_text": "Several lines of text",
        "choice": "One choice from a list",
        "choices": "Several choices from a list",
        "sector": "Sector or field of practice",
        "languages": "Languages",
        "time_zone": "Time zone",
        "email": "Email address",
        "telephone": "Telephone number",
        "wechat_id": "WeChat ID",
        "whole_number": "Whole number",
        "capacity": "How many people one has room for",
        "availability": "Times of the week",
        "consent": "Consent",
    }
)
LISTS = frozenset({"choices", "languages", "availability"})
WITH_OPTIONS = frozenset({"choice", "choices"})
AVAILABILITY: Mapping[str, str] = MappingProxyType(
    {
        "weekday_morning": "Weekday mornings",
        "weekday_lunch": "Weekdays at lunch time",
        "weekday_afternoon": "Weekday afternoons",
        "weekday_evening": "Weekday evenings",
        "weekend_morning": "Weekend mornings",
        "weekend_afternoon": "Weekend afternoons",
        "weekend_evening": "Weekend evenings",
    }
)


def options(field: FormField, value: Any) -> tuple[tuple[str, str], ...]:
    """(code, label) of what may be chosen.

    An answer that the list does not have, or has no more, stays a choice for whoever gave it: nothing is lost.
    """
    known = _known(field)
    if known is None:
        return ()
    kept = value if isinstance(value, list) else [value] if value else []
    gone = {code: _no_longer(field, code) for code in kept if code not in known}
    offered = tuple(known.items()) if field.kind in WITH_OPTIONS else _shipped(field.kind)
    return (*offered, *gone.items()) if gone else offered


def has_own_options(field: FormField) -> bool:
    """The channels are a setting of the scheme: the form only offers what that says."""
    return field.kind in WITH_OPTIONS and field.key != "channels"


def codes_ever(field: FormField) -> list[str]:
    """Every option that was ever offered."""
    ever = [key.removeprefix("option:") for key in field.labels if key.startswith("option:")]
    return list(dict.fromkeys([*field.options, *ever]))


def in_words(field: FormField, value: Any) -> str:
    """An answer as a reader should see it; '' for none."""
    if value in (None, "", []):
        return ""
    known = _known(field)
    if isinstance(value, list):
        return ", ".join(_word(field, known, code) for code in value)
    return _word(field, known, value)


def checked(field: FormField, label: str, raw: Any, before: Any) -> Any:
    """The answer as it will be kept; None or [] for a blank. Raises Invalid, naming the question."""
    if field.kind == "consent":
        raise Invalid(f"{label} is a switch.", remedy="Set it in the step about consents.")
    if field.kind in LISTS:
        if isinstance(raw, str):
            raise Invalid(f"{label} is a list of answers.", remedy="Choose from the list.")
        return _chosen(field, label, [str(item) for item in raw or []], before)
    typed = "" if raw is None else str(raw)
    # A hundred thousand blank lines are no answer left blank: their length is refused.
    return _one(field, label, typed, before) if typed.strip() or len(typed) > max(field.longest, 100) else None


def _known(field: FormField) -> Mapping[str, str] | None:
    if field.kind in WITH_OPTIONS:
        return {code: wording.option_label(field, code) for code in field.options}
    return _LISTED[field.kind]() if field.kind in _LISTED else None


@cache
def _shipped(kind: str) -> tuple[tuple[str, str], ...]:
    """(code, label) of a list that is the same in every form: a screen asks for it at each run."""
    return tuple(_LISTED[kind]().items())


def _word(field: FormField, known: Mapping[str, str] | None, code: Any) -> str:
    if known is None:
        return str(code)
    return known[code] if code in known else _no_longer(field, code)


def _no_longer(field: FormField, code: str) -> str:
    """An option that a coordinator took away keeps its words; what an import brought has only its own."""
    words = wording.option_label(field, code)
    return f"{words} (no longer offered)" if words != code else code


@cache
def _zones() -> dict[str, str]:
    return {
        zone: zone for zone in sorted(available_timezones()) if ("/" in zone and "Etc" not in zone) or zone == "UTC"
    }


_LISTED: Mapping[str, Callable[[], Mapping[str, str]]] = MappingProxyType(
    {
        "sector": sectors,
        "languages": lambda: languages.LANGUAGES,
        "time_zone": _zones,
        "availability": lambda: AVAILABILITY,
    }
)


def _one(field: FormField, label: str, typed: str, before: Any) -> Any:
    number = ("whole_number", "capacity")
    cleaner: dict[str, Callable[[], Any]] = {
        "email": lambda: cleaning.email(typed, field=label).typed,
        "telephone": lambda: cleaning.telephone(typed, field=label).typed,
        "wechat_id": lambda: cleaning.wechat_id(typed, field=label),
        "time_zone": lambda: cleaning.time_zone(typed, field=label),
        "sector": lambda: typed if typed == before else _sector(typed, label),
        "choice": lambda: _chosen(field, label, [typed], before)[0],
    }
    cleaner |= dict.fromkeys(
        number, lambda: cleaning.whole_number(typed, field=label, lo=0, hi=longest_of(field, before))
    )
    if field.kind in cleaner:
        return cleaner[field.kind]()
    longest = longest_of(field, before)
    return cleaning.text(typed, field=label, longest=longest, lines=field.kind == "long_text") or None


def longest_of(question: Any, kept: Any) -> int:
    """How long or how large an answer may be: what is kept already is never cut, whatever the form says today.

    `question` is anything with a `longest`, in characters or as a number.
    """
    size = len(kept) if isinstance(kept, str) else kept if isinstance(kept, int) else 0
    return max(int(question.longest), size)


def _sector(typed: str, label: str) -> str:
    code = sector_for(typed)
    if code is None:
        raise Invalid(f"{label} is not in the list.", remedy="Choose the nearest one.")
    return code


def _chosen(field: FormField, label: str, codes: list[str], before: Any) -> list[str]:
    known = {code for code, _ in options(field, before or None)}
    if not set(codes) <= known:
        raise Invalid(f"{label} has an answer that is not in the list.", remedy="Choose from the list.")
    return list(dict.fromkeys(codes))
