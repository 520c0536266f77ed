"""What may cross the border, value by value."""

import unicodedata

import phonenumbers
import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from services import cleaning
from services.cleaning import Email, Telephone
from services.errors import Invalid
from tests.bad_inputs import BadInput, of_kind


@pytest.mark.parametrize("item", of_kind("name_ok", "emoji"))
def test_a_name_in_any_script_is_kept_exactly(item: BadInput) -> None:
    cleaned = cleaning.name(item.value)

    assert cleaned == unicodedata.normalize("NFC", item.value)


@pytest.mark.parametrize("item", of_kind("name_bad"))
def test_a_name_with_nothing_to_see_is_refused(item: BadInput) -> None:
    with pytest.raises(Invalid) as refused:
        cleaning.name(item.value)

    assert str(refused.value) == "Name is empty. Enter a name."


def test_the_two_ways_to_compose_a_letter_give_one_name() -> None:
    assert cleaning.name("Zoe\u0308") == cleaning.name("Zo\u00eb")


@pytest.mark.parametrize(
    ("tricky", "shown"),
    [
        ("Ada\u202exe.gpj", "Adaxe.gpj"),
        ("\u2066abc\u2069", "abc"),
        ("\ufeffAda", "Ada"),
        ("A\u200dda", "Ada"),
        ("A\U000e0041da", "Ada"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f", None),
        ("می\u200cخواهم", None),
    ],
)
def test_what_hides_is_taken_out_and_what_means_something_stays(tricky: str, shown: str | None) -> None:
    assert cleaning.name(tricky) == (tricky if shown is None else shown)


@pytest.mark.parametrize("item", of_kind("unicode_trick"))
def test_a_unicode_trick_is_cleaned_or_refused_and_cleaning_again_changes_nothing(item: BadInput) -> None:
    try:
        cleaned = cleaning.name(item.value)
    except Invalid as refused:
        assert refused.remedy.endswith(".")
        return

    assert cleaning.name(cleaned) == cleaned
    assert not set(cleaned) & set("\u202e\u2066\u2069\ufeff\U000e0041")


def test_letters_that_look_alike_keep_their_own_keys() -> None:
    assert cleaning.compare_key("paypal") != cleaning.compare_key("\u0440\u0430\u0443\u0440\u0430l")


@pytest.mark.parametrize("item", of_kind("control"))
def test_control_characters_are_refused_except_line_ends_and_tabs_in_notes(item: BadInput) -> None:
    if item.expect == "accept":
        assert cleaning.text(item.value, field="Note", longest=cleaning.LONGEST_NOTE) == item.value
        return

    with pytest.raises(Invalid) as refused:
        cleaning.text(item.value, field="Note", longest=cleaning.LONGEST_NOTE)
    assert refused.value.happened.startswith("Note has a hidden control character at position ")


@pytest.mark.parametrize("item", of_kind("email_header"))
def test_a_name_cannot_carry_another_line_into_an_email(item: BadInput) -> None:
    with pytest.raises(Invalid) as refused:
        cleaning.name(item.value, field="Full name")

    assert str(refused.value) == "Full name must be on one line. Take the line break or tab out."


@pytest.mark.parametrize("item", of_kind("long"))
def test_length_is_counted_before_anything_is_trimmed(item: BadInput) -> None:
    longest = cleaning.LONGEST_NAME if item.field == "display_name" else cleaning.LONGEST_NOTE

    if item.expect == "accept":
        assert cleaning.text(item.value, field="Note", longest=longest) == item.value
        return
    with pytest.raises(Invalid) as refused:
        cleaning.text(item.value, field="Note", longest=longest)
    assert refused.value.happened == f"Note is too long ({len(item.value):,} characters, at most {longest:,})."


@pytest.mark.parametrize("item", of_kind("sql", "html", "markdown", "latex", "template", "log", "enum_bad", "url_bad"))
def test_markup_and_code_are_only_text(item: BadInput) -> None:
    assert cleaning.text(item.value, field="Note", longest=cleaning.LONGEST_NOTE) == item.value


@given(st.text())
def test_cleaning_is_stable_and_leaves_nothing_that_cannot_be_stored(value: str) -> None:
    try:
        cleaned = cleaning.text(value, field="Note", longest=10_000)
    except Invalid:
        return

    assert cleaning.text(cleaned, field="Note", longest=10_000) == cleaned
    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned


@pytest.mark.parametrize("item", of_kind("email_ok"))
def test_an_address_is_kept_as_typed_and_compared_without_case(item: BadInput) -> None:
    assert cleaning.email(item.value) == Email(item.value, item.value.casefold())


@pytest.mark.parametrize("item", of_kind("email_bad"))
def test_what_is_not_one_plain_address_is_refused(item: BadInput) -> None:
    with pytest.raises(Invalid):
        cleaning.email(item.value)


def test_an_address_is_found_by_what_somebody_types_to_sign_in() -> None:
    assert cleaning.email("A@ＥXAMPLE.org").key == cleaning.compare_key("a@example.ORG")


def test_an_address_over_254_characters_is_refused() -> None:
    with pytest.raises(Invalid):
        cleaning.email(f"a@{'b.' * 126}org")


@pytest.mark.parametrize("item", of_kind("phone_ok"))
def test_a_telephone_number_is_kept_as_typed(item: BadInput) -> None:
    assert cleaning.telephone(item.value).typed == item.value


@pytest.mark.parametrize("item", of_kind("phone_bad"))
def test_what_is_no_telephone_number_is_refused(item: BadInput) -> None:
    with pytest.raises(Invalid) as refused:
        cleaning.telephone(item.value)

    assert str(refused.value) == (
        "Telephone is not a complete telephone number. Write it with its country, such as +44 20 7946 0123."
    )


@pytest.mark.parametrize("region", [None, "GB"])
@pytest.mark.parametrize("typed", ["+999 123456", "+1 2", "00000000", "+86 1234567890123456"])
def test_a_number_of_no_country_is_refused(typed: str, region: str | None) -> None:
    with pytest.raises(Invalid):
        cleaning.telephone(typed, region=region)


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("+86 138 0013 8000", None, Telephone("+86 138 0013 8000", "+8613800138000")),
        ("0086-13800138000", None, Telephone("0086-13800138000", "+8613800138000")),
        ("0086-13800138000", "GB", Telephone("0086-13800138000", "+8613800138000")),
        ("07700 900123", None, Telephone("07700 900123", None)),
        ("07700 900123", "GB", Telephone("07700 900123", "+447700900123")),
        ("123456", "US", Telephone("123456", None)),
        ("13800138000.0", "CN", Telephone("13800138000", "+8613800138000")),
        ("＋８６ 13800138000", None, Telephone("＋８６ 13800138000", "+8613800138000")),
        ("\u202a+447700900123\u202c", None, Telephone("+447700900123", "+447700900123")),
    ],
)
def test_a_number_is_completed_only_with_a_country_it_names_or_is_given(
    typed: str, region: str | None, number: Telephone
) -> None:
    assert cleaning.telephone(typed, region=region) == number


@pytest.mark.parametrize("item", of_kind("wechat_ok"))
def test_a_wechat_id_is_kept(item: BadInput) -> None:
    assert cleaning.wechat_id(item.value) == item.value


@pytest.mark.parametrize("item", of_kind("wechat_bad"))
def test_what_cannot_be_a_wechat_id_is_refused(item: BadInput) -> None:
    with pytest.raises(Invalid):
        cleaning.wechat_id(item.value)


@pytest.mark.parametrize("item", of_kind("timezone_bad"))
def test_only_zones_of_the_iana_list_are_accepted(item: BadInput) -> None:
    with pytest.raises(Invalid):
        cleaning.time_zone(item.value)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("Europe/London", "Europe/London"), ("america/new york", "America/New_York"), ("utc", "UTC")],
)
def test_a_zone_is_found_whatever_its_case(typed: str, zone: str) -> None:
    assert cleaning.time_zone(typed) == zone


@pytest.mark.parametrize("item", of_kind("number_bad"))
def test_what_is_no_whole_number_in_range_is_refused(item: BadInput) -> None:
    with pytest.raises(Invalid) as refused:
        cleaning.whole_number(item.value, field="Capacity", lo=0, hi=20)

    assert str(refused.value) == "Capacity must be a whole number from 0 to 20. Write it in digits, such as 3."


@pytest.mark.parametrize(("typed", "number"), [("4", 4), ("4.0", 4), (" 20 ", 20), ("0", 0), ("４", 4)])
def test_a_whole_number_may_be_written_as_a_spreadsheet_does(typed: str, number: int) -> None:
    assert cleaning.whole_number(typed, field="Capacity", lo=0, hi=20) == number


@given(
    st.from_regex(r"[A-Za-z0-9_+.-]{1,66}@[A-Za-z0-9.-]{1,66}\.(?:com|UK|test|Local|x|co1|org)", fullmatch=True)
    | st.from_regex(r"[a-z.+-]{1,5}@[a-z0-9-]{1,4}\.?[a-z]{0,3}", fullmatch=True)
)
def test_the_short_way_takes_no_address_that_the_library_would_refuse(address: str) -> None:
    taken = cleaning._is_plain_address(address)

    if taken:
        assert validate_email(address, check_deliverability=False, allow_smtputf8=False).local_part
    assert cleaning._is_plain_address("person1@example.org")


@given(st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)), st.from_regex(r"[0-9]{3,14}", fullmatch=True))
def test_the_short_way_takes_a_telephone_number_only_as_the_library_would_write_it(code: int, rest: str) -> None:
    digits = f"{code}{rest}"

    written = f"+{digits}" if cleaning._is_plain_number(digits) else cleaning._e164(f"+{digits}", None)

    assert written == cleaning._e164(f"+{digits}", None)


@given(st.text(max_size=30))
def test_text_that_needs_no_care_is_kept_as_the_long_way_would_keep_it(value: str) -> None:
    assert cleaning.compare_key(value) == unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())


def bad(*kinds: str) -> st.SearchStrategy[str]:
    return st.sampled_from([item.values[0].value for item in of_kind(*kinds)])


LATIN_AND_MORE = st.text(
    "aZ1 .-+_@()/'é李\u0301\u0300\u1100\u1161\u3164\u200d\u00a0\u202e\n\t\x00\U0001f600", max_size=9
)
ADDRESSES = st.text("aZ1.-_+@é ", max_size=12) | st.sampled_from(
    ["a@b.org", "A@B.Example.org", "a@x.test", "a@localhost"]
)
NUMBERS = st.text("+0123456789 ().-/\u0663\n", max_size=20) | st.from_regex(
    r"\+(44|86|1|39)[0-9 -]{6,12}", fullmatch=True
)


@given(st.lists(LATIN_AND_MORE | bad("name_ok", "long", "blank"), max_size=6))
def test_many_texts_at_once_are_taken_as_each_would_be(values: list[str]) -> None:
    for value, kept in cleaning.plain_texts(values, longest=200).items():
        assert cleaning.text(value.strip(), field="Note", longest=200, lines=False) == kept
        assert cleaning.name(value) == kept


@given(st.lists(ADDRESSES | bad("email_ok", "email_bad"), max_size=6))
def test_many_addresses_at_once_are_taken_as_each_would_be(values: list[str]) -> None:
    for value, kept in cleaning.plain_emails(values).items():
        assert cleaning.email(value) == kept


@given(st.lists(NUMBERS | bad("phone_ok", "phone_bad"), max_size=6))
def test_many_numbers_at_once_are_taken_as_each_would_be(values: list[str]) -> None:
    for value, kept in cleaning.plain_telephones(values).items():
        assert cleaning.telephone(value) == kept


def test_usual_answers_need_no_look_one_by_one() -> None:
    texts = {"Ada O'Hara": "Ada O'Hara", " 李娜 ": "李娜", "Ólafur": "Ólafur"}
    number = "+44 20 7946 0123"

    assert cleaning.plain_texts([*texts, "a\u202eb", " ", "\u3164"], longest=200).keys() <= texts.keys()
    assert cleaning.plain_texts(texts, longest=200) == texts
    assert cleaning.plain_emails(["A@example.org", "a b@example.org"]) == {
        "A@example.org": Email("A@example.org", "a@example.org")
    }
    assert cleaning.plain_telephones([number, "07700 900123"]) == {number: Telephone(number, "+442079460123")}
