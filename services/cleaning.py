"""The border every typed or imported value crosses before it is kept.

What could not be stored is refused, what only hides is taken out, and the rest is kept as typed (in NFC).
Every function raises `Invalid`, and never repeats the value: a message may be shown anywhere.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Any, NamedTuple
from zoneinfo import available_timezones

import phonenumbers
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from services.errors import Invalid

LONGEST_NAME = 200
LONGEST_EMAIL = 254
LONGEST_NOTE = 10_000

# SQLite would store these and PostgreSQL would not; a lone surrogate crashes both drivers; XLSX cannot hold them.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Characters that show nothing, and those that turn the direction of whatever follows them on the page.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
# Tag characters spell hidden text, except after the black flag, where they make the flags of England or Wales.
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007f]+)|[\U000e0000-\U000e007f]")
# Joiners belong inside emoji and inside Persian or Hindi words, never next to a Latin letter or at an end.
_STRAY_JOINER = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])")
_LINE_BREAK = re.compile("[\n\r\t\u2028\u2029]")
_MARKS_IN_A_ROW = 8

# So short that no part of an address can be too long by itself.
_SHORT = 64
_PLAIN_ADDRESS = re.compile(r"[\w+-]+(?:\.[\w+-]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}", re.ASCII)
_PLAIN_ADDRESSES = re.compile(f"^{_PLAIN_ADDRESS.pattern}$", re.ASCII | re.MULTILINE)
_NOBODYS = tuple(before + name for name in SPECIAL_USE_DOMAIN_NAMES for before in ("@", "."))

_TELEPHONE = re.compile(r"\+?[0-9 ().\-/\u2010-\u2015]+")
_LONGEST_NUMBER = 40
_BETWEEN_DIGITS = str.maketrans("", "", " ().-/")
_NO_DIGITS = re.compile(r"\D+")
_WHOLE_NUMBER = re.compile(r"([+-]?\d{1,15})(?:\.0*)?")
_WECHAT_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{5,19}")


class Email(NamedTuple):
    """`typed` is for showing and sending, `key` for comparing: two addresses with one key are one account."""

    typed: str
    key: str


class Telephone(NamedTuple):
    """`e164` is None for a number without its country when no region was given: nobody can call it from abroad."""

    typed: str
    e164: str | None


def text(value: str, *, field: str, longest: int, lines: bool = True) -> str:
    """The text in NFC, without what hides and without outer blanks. `longest` counts code points.

    Without `lines`, a line break or tab is refused: such text may end in an email's header.
    """
    if len(value) <= longest and value.isascii() and value.isprintable():
        return value.strip()  # nothing below could find anything in it
    if not lines and _LINE_BREAK.search(value):
        raise Invalid(f"{field} must be on one line.", remedy="Take the line break or tab out.")
    hidden = _UNSTORABLE.search(value)
    if hidden:
        raise Invalid(
            f"{field} has a hidden control character at position {hidden.start() + 1}.",
            remedy="Delete it there, or type the text again.",
        )
    shown = _without_hidden(value)
    if len(shown) > longest:
        raise Invalid(
            f"{field} is too long ({len(shown):,} characters, at most {longest:,}).", remedy="Shorten it and try again."
        )
    if _stacks_marks(shown):
        raise Invalid(f"{field} has a letter with too many marks on it.", remedy="Type that word again without them.")
    return shown.strip()


def plain_texts(values: Collection[str], *, longest: int) -> dict[str, str]:
    """Those of the values that `text` and `name` surely take, and what they make of them; quicker than one by one.

    A value of blanks alone is not among them.
    """
    plain = [value for value in values if value.isascii() and value.isprintable() and len(value) <= longest]
    if len(plain) < len(values):
        others = [value for value in values if not value.isascii() and len(value) <= longest]
        together = "".join(others)
        if unicodedata.is_normalized("NFC", together) and all(map(_is_plain, set(together))):
            plain += others
    return {value: stripped for value in plain if (stripped := value.strip())}


@lru_cache(maxsize=20_000)
def _is_plain(character: str) -> bool:
    """Whether it can be seen wherever it stands, or is a blank."""
    seen = unicodedata.category(character)[0] in "LNPS" and not _INVISIBLE.match(character)
    return seen or character == " "


def name(value: str, *, field: str = "Name") -> str:
    """A person's name, in any script, from one visible character up."""
    cleaned = text(value, field=field, longest=LONGEST_NAME, lines=False)
    if not visible(cleaned):
        raise Invalid(f"{field} is empty.", remedy="Enter a name.")
    return cleaned


def visible(value: str) -> bool:
    """Whether any letter, digit, punctuation or symbol can be seen."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in value)


def email(value: str, *, field: str = "Email address") -> Email:
    """One plain address: no display name, no list, no line break, ASCII before the @."""
    remedy = "Enter one address such as name@example.org."
    typed = text(value, field=field, longest=LONGEST_EMAIL, lines=False)
    if not typed:
        raise Invalid(f"{field} is empty.", remedy=remedy)
    if _is_plain_address(typed):
        return Email(typed, typed.lower())
    try:
        validate_email(typed, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise Invalid(f"{field} is not a complete email address.", remedy=remedy) from error
    return Email(typed, compare_key(typed))


def plain_emails(values: Collection[str]) -> dict[str, Email]:
    """Those of the values that are plain addresses, as `email` takes them; quicker than one by one."""
    found = set(_PLAIN_ADDRESSES.findall("\n".join(values))).intersection(values)
    pairs = ((typed, typed.lower()) for typed in found)
    return {typed: Email(typed, key) for typed, key in pairs if len(typed) <= _SHORT and not key.endswith(_NOBODYS)}


def _is_plain_address(typed: str) -> bool:
    """Whether it is so plain that the library surely accepts it, which the tests prove: most are, and it takes long."""
    return len(typed) <= _SHORT and bool(_PLAIN_ADDRESS.fullmatch(typed)) and not typed.lower().endswith(_NOBODYS)


def compare_key(value: str) -> str:
    """What two spellings have in common: case, width and composition do not count."""
    if value.isascii():
        return value.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())


def telephone(value: str, *, field: str = "Telephone", region: str | None = None) -> Telephone:
    """A number as typed and as +country digits; `region` ("GB") is assumed for a number without its country."""
    typed = text(value, field=field, longest=_LONGEST_NUMBER, lines=False)
    if typed.endswith(".0") and re.fullmatch(r"\d+\.0", typed):  # a spreadsheet took the number for a quantity
        typed = typed[:-2]
    plain = unicodedata.normalize("NFKC", typed)
    digits = _NO_DIGITS.sub("", plain)
    if not _TELEPHONE.fullmatch(plain) or not 6 <= len(digits) <= 17:
        raise _not_a_telephone(field)
    if plain.startswith("+"):
        return Telephone(typed, _international(f"+{digits}", field))
    if digits.startswith("00"):
        return Telephone(typed, _international(f"+{digits[2:]}", field))
    return Telephone(typed, _e164(digits, region) if region else None)


def plain_telephones(values: Collection[str]) -> dict[str, Telephone]:
    """Those of the values that are plain numbers with their country, as `telephone` takes them."""
    found: dict[str, Telephone] = {}
    numbers = [typed for typed in values if typed[:1] == "+" and typed.isprintable() and len(typed) <= _LONGEST_NUMBER]
    bare = "\n".join(numbers).translate(_BETWEEN_DIGITS).split("\n")
    for typed, number in zip(numbers, bare, strict=False):
        digits = number[1:]
        plain = 6 <= len(digits) <= 17 and digits.isdecimal() and digits.isascii() and typed[-1] != " "
        if plain and _is_plain_number(digits):
            found[typed] = Telephone(typed, number)
    return found


def wechat_id(value: str, *, field: str = "WeChat ID") -> str:
    """6 to 20 letters, digits, _ or -, a letter first."""
    cleaned = text(value, field=field, longest=LONGEST_NAME, lines=False)
    if not _WECHAT_ID.fullmatch(cleaned):
        raise Invalid(
            f"{field} does not look like a WeChat ID.",
            remedy="It has 6 to 20 letters, digits, _ or -, and starts with a letter.",
        )
    return cleaned


def time_zone(value: str, *, field: str = "Time zone") -> str:
    """The zone's name in the IANA list; case and blanks are forgiven, abbreviations (CST means three zones) are not."""
    cleaned = text(value, field=field, longest=LONGEST_NAME, lines=False)
    zone = _zones().get(cleaned.replace(" ", "_").casefold())
    if zone is None:
        raise Invalid(f"{field} is not a known time zone.", remedy="Write it as Europe/London or Asia/Shanghai.")
    return zone


def whole_number(value: str, *, field: str, lo: int, hi: int) -> int:
    """A whole number from `lo` to `hi`; "4.0" is 4, because that is how spreadsheets write it."""
    written = _WHOLE_NUMBER.fullmatch(unicodedata.normalize("NFKC", value).strip())
    number = int(written[1]) if written else None
    if number is None or not lo <= number <= hi:
        raise Invalid(f"{field} must be a whole number from {lo} to {hi}.", remedy="Write it in digits, such as 3.")
    return number


def _without_hidden(value: str) -> str:
    """In NFC, and without invisible characters."""
    if value.isascii():
        return value
    seen = _INVISIBLE.sub(_keep_line_ends, value)
    seen = _TAGS.sub(lambda found: found[1] or "", seen)
    return unicodedata.normalize("NFC", _STRAY_JOINER.sub("", seen))


def _keep_line_ends(found: re.Match[str]) -> str:
    return "\n" if found[0] in "\u2028\u2029" else ""


def _stacks_marks(value: str) -> bool:
    """Whether a letter carries so many combining marks that they would run over the lines around it."""
    run = 0
    for character in value if not value.isascii() else "":
        run = run + 1 if unicodedata.combining(character) else 0
        if run > _MARKS_IN_A_ROW:
            return True
    return False


def _international(number: str, field: str) -> str:
    found = number if _is_plain_number(number[1:]) else _e164(number, None)
    if found is None:
        raise _not_a_telephone(field)
    return found


def _is_plain_number(digits: str) -> bool:
    """Whether the library surely takes a number for possible as it stands, which the tests prove: it takes long."""
    for length in (1, 2, 3):
        lengths, dialled_first = _numbering(digits[:length])
        if lengths:
            rest = digits[length:]
            return len(rest) in lengths and rest[0] != "0" and not (dialled_first and dialled_first.match(rest))
    return False


@cache
def _numbering(calling_code: str) -> tuple[frozenset[int], re.Pattern[str] | None]:
    """How long numbers behind a calling code are, and what may stand before them inside the country."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(calling_code), ()) if calling_code.isdecimal() else ()
    if not regions or calling_code.startswith("0"):
        return frozenset(), None
    country: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(calling_code), regions[0])
    lengths = {*country.general_desc.possible_length, *country.general_desc.possible_length_local_only} - {-1}
    before = country.national_prefix_for_parsing
    return frozenset(lengths), re.compile(before) if before else None


def _e164(number: str, region: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    # "Possible" asks for country and length. "Valid" would also refuse ranges that are newer than the library.
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _not_a_telephone(field: str) -> Invalid:
    return Invalid(
        f"{field} is not a complete telephone number.", remedy="Write it with its country, such as +44 20 7946 0123."
    )


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Casefolded name → name, of zones called after a place, and UTC."""
    return {
        zone.casefold(): zone for zone in available_timezones() if ("/" in zone and "Etc" not in zone) or zone == "UTC"
    }
