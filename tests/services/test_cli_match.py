"""`mentoring match`: files in, files out; the same people give the same bytes, and nothing is half-written."""

import csv
import io
import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.export import xlsx_bytes
from services.matching.texts import encoder
from tests.services.match_files import (
    AULP,
    MENTEES,
    MENTORS,
    NEVER,
    SAID,
    Row,
    match,
    mentee,
    mentor,
    pairs_in,
    rows_in,
    sheet,
)
from tests.services.test_cli import Outcome, mentoring


def test_the_sample_of_unnc_gives_everybody_who_is_ready_a_proved_mentor(tmp_path: Path) -> None:
    done = match(tmp_path, "--mentors", str(MENTORS), "--mentees", str(MENTEES), scheme="unnc_alumni")

    found = rows_in(tmp_path)
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    sentence = "61 of 61 mentees have a mentor. Everybody who could take part has a mentor. 31 places are free."
    assert (done.code, done.said.splitlines()[0]) == (0, sentence)
    assert (len(found), all(row["Mentor"] for row in found)) == (61, True)
    assert report.count("has not done the training.") == 10
    assert mentoring("match", "--verify", str(tmp_path / "certificate.json")).code == 0


def test_one_file_may_hold_both_sides(tmp_path: Path) -> None:
    done = match(tmp_path, "--people", str(AULP), scheme="aulp")

    assert (done.code, len(rows_in(tmp_path))) == (0, 34)


@pytest.mark.parametrize("texts", ["words", "meaning"])
def test_shuffled_rows_and_columns_give_the_same_bytes(tmp_path: Path, texts: str) -> None:
    if texts == "meaning" and encoder.missing_because():
        pytest.skip("the encoder is not installed")
    first, *rows = csv.reader(io.StringIO(AULP.read_text(encoding="utf-8-sig")))
    order = list(range(len(first)))
    random.Random(7).shuffle(order)
    random.Random(8).shuffle(rows)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shuffled = sheet(tmp_path / "b.csv", [[row[at] for at in order] for row in rows], [first[at] for at in order])

    match(tmp_path / "a", "--people", str(AULP), "--texts", texts, scheme="aulp")
    match(tmp_path / "b", "--people", str(shuffled), "--texts", texts, scheme="aulp")

    for name in ("pairs.csv", "report.html", "certificate.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_columns_can_be_named_and_are_otherwise_guessed(tmp_path: Path) -> None:
    headers = ("x", "y", "z", "Number of mentees")
    people = sheet(
        tmp_path / "p.csv", [("mentor", "Mo", "mo@example.org", 1), ("mentee", "Ada", "a@example.org", "")], headers
    )
    chosen = ("--map", "Mentor or mentee=x", "--map", "people:full_name=y")

    named = match(tmp_path, "--people", str(people), *chosen)
    unnamed = match(tmp_path, "--people", str(people))

    assert (named.code, pairs_in(tmp_path)) == (0, {"Ada": "Mo"})
    assert (unnamed.code, unnamed.complained) == (
        1,
        "p.csv: This file has no column for: Full name. Choose the column that holds it, or add one "
        "to the file. (--map says which column answers what.)",
    )


def test_pins_and_bans_stand_by_name_or_address(tmp_path: Path) -> None:
    people = sheet(
        tmp_path / "p.csv", [mentor("Mo"), mentor("Nia"), mentor("Oz"), mentee("Ada"), mentee("Bo"), mentee("Cy")]
    )
    pins = sheet(tmp_path / "pins.csv", [("bo@mentee.example.org", "  mo ")], ("Mentee", "Mentor"))
    bans = sheet(tmp_path / "bans.csv", [("Oz", "Ada")], ("Mentor", "Mentee"))

    done = match(tmp_path, "--people", str(people), "--pins", str(pins), "--forbid", str(bans))

    assert (done.code, pairs_in(tmp_path)) == (0, {"Ada": "Nia", "Bo": "Mo", "Cy": "Oz"})
    assert mentoring("match", "--verify", str(tmp_path / "certificate.json")).code == 0


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["Mo,Ada", "Nia,Ada"], "pins.csv, row 3: Ada cannot be pinned to Nia: row 2 pins them to Mo."),
        (["Mo,Ada", "Mo,Bo"], "pins.csv: Mo has room for 1, and 2 mentees are pinned to them."),
        (["Nia,Bo"], "pins.csv, row 2: Bo cannot be pinned to Nia: bans.csv, row 2, forbids it."),
        (["Oz,Cy"], "pins.csv, row 2: Cy cannot be pinned to Oz: this pairing is not available."),
        (["Full,Cy"], "pins.csv, row 2: Cy cannot be pinned to Full: Full has no free place."),
        (["Zed,Ada"], "pins.csv, row 2, column “Mentor” (“Zed”): No mentor in the files has this name or address."),
        (["Mo,"], "pins.csv, row 2, column “Mentee”: This is empty. Write a name or an email address."),
        (
            ["Mo,Sam Two"],
            "pins.csv, row 2, column “Mentee” (“Sam Two”): 2 mentees have this name. Write the email address.",
        ),
    ],
    ids=["twice", "too many", "forbidden", "conflict", "no place", "unknown", "empty", "namesakes"],
)
def test_a_pin_that_cannot_stand_is_named_by_its_row(tmp_path: Path, pairs: list[str], said: str) -> None:
    crowd = [mentor("Mo"), mentor("Nia"), mentor("Oz"), mentor("Full", 0), mentee("Ada"), mentee("Bo")]
    more = [mentee("Cy", not_with="Oz"), *(mentee("Sam Two", email=f"s{n}@example.org") for n in (1, 2))]
    people = sheet(tmp_path / "p.csv", [*crowd, *more])
    pins = sheet(tmp_path / "pins.csv", [pair.split(",") for pair in pairs], ("Mentor", "Mentee"))
    bans = sheet(tmp_path / "bans.csv", [("Nia", "Bo")], ("Mentor", "Mentee"))

    done = match(tmp_path, "--people", str(people), "--pins", str(pins), "--forbid", str(bans))

    assert done == Outcome(1, "", said)
    assert not (tmp_path / "pairs.csv").exists()


def test_people_left_alone_are_told_why_and_what_would_help(tmp_path: Path) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Mo", languages="en"), mentee("Ada", languages="en"), mentee("Bo")])

    done = match(tmp_path, "--people", str(people))

    alone = next(row for row in rows_in(tmp_path) if not row["Mentor"])
    assert (done.code, done.said.splitlines()[0]) == (
        0,
        "1 of 2 mentees have a mentor. Places limit it: 2 mentees share 1 place.",
    )
    assert alone["Mentee"] == "Bo"
    assert alone["Why nobody"] == "All places are taken: 2 mentees share 1 place with the one mentor who is ready."
    assert alone["Smallest change"].startswith("One more place with Mo (score ")
    assert "with Mo, Ada would be without a mentor, and the total would be " in alone["Smallest change"]


def test_with_only_a_certificate_the_reasons_of_those_left_alone_are_said(tmp_path: Path) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Mo", languages="en"), mentee("Ada", languages="en"), mentee("Bo")])
    asked = ("match", "--people", str(people), "--texts", "words", "--today", "2026-11-22")

    alone = mentoring(*asked, "--certificate", str(tmp_path / "only.json"))
    with_pairs = mentoring(*asked, "--certificate", str(tmp_path / "c.json"), "--out", str(tmp_path / "pairs.csv"))

    (line,) = [each for each in alone.said.splitlines() if each.startswith("Bo (")]
    reason = "All places are taken: 2 mentees share 1 place with the one mentor who is ready. One more place with Mo"
    assert (alone.code, line.startswith(f"Bo (bo@mentee.example.org): {reason}")) == (0, True)
    assert (with_pairs.code, "Bo (" in with_pairs.said) == (0, False)


@pytest.mark.parametrize(
    ("words", "missing", "said"),
    [
        (["--texts", "words"], "the language model is not installed", "little in common."),
        (
            [],
            "the language model is not installed",
            "little in common. Meaning could not be compared, because the language model is not installed.",
        ),
        (
            ["--weights", "goals=0"],
            "the language model is not installed",
            "Goals and work histories do not count in this run.",
        ),
    ],
    ids=["by words, as asked", "by words, for want of the model", "not at all"],
)
def test_how_texts_were_compared_and_why_is_said_and_stands_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], missing: str, said: str
) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Mo", languages="en"), mentee("Ada", languages="en")])
    monkeypatch.setattr(encoder, "missing_because", lambda: missing)
    report = tmp_path / "report.html"

    done = mentoring("match", "--people", str(people), "--today", "2026-11-22", "--report", str(report), *words)

    assert done.said.splitlines()[1].endswith(said)
    assert said in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([mentee("Ada")], "0 of 1 mentee have a mentor. Places limit it: 1 mentees share 0 places."),
        ([mentor("Mo")], "0 of 0 mentees have a mentor. No mentee was ready for this run."),
        ([], "0 of 0 mentees have a mentor. No mentee was ready for this run."),
        ([mentor("Mo", 0), mentee("Ada")], "0 of 1 mentee have a mentor. Places limit it: 1 mentees share 0 places."),
        (
            [mentor("Mo", not_with="Ada"), mentee("Ada")],
            "0 of 1 mentee have a mentor. 1 place is free, but no mentor with a free place is available to the one "
            "mentee without a mentor, however the others are moved.",
        ),
        (
            [mentor("Ada", email="ada@example.org"), mentee("Ada", email="Ada@Example.org")],
            "0 of 1 mentee have a mentor. 1 place is free, but no mentor with a free place is available to the one "
            "mentee without a mentor, however the others are moved.",
        ),
    ],
    ids=["no mentors", "no mentees", "nobody", "no places", "all conflicting", "only themselves"],
)
def test_where_nothing_can_be_matched_the_files_say_so(tmp_path: Path, rows: list[Row], said: str) -> None:
    people = sheet(tmp_path / "p.csv", rows)

    done = match(tmp_path, "--people", str(people))

    assert (done.code, done.said.splitlines()[0]) == (0, said.replace("1 mentees share", "1 mentee shares"))
    assert [row["Why nobody"] != "" for row in rows_in(tmp_path)] == [True] * (len(rows_in(tmp_path)))
    assert mentoring("match", "--verify", str(tmp_path / "certificate.json")).code == 0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            mentor("Mo", 10**9),
            "column “Number of mentees” (“1000000000”): Number of mentees must be a whole number from 0",
        ),
        (mentor("Mo", -1), "column “Number of mentees” (“-1”): Number of mentees must be a whole number from 0"),
        (mentor("Mo", zone="Mars/Base"), "column “Time zone” (“Mars/Base”): Time zone is not a known time zone. "),
        (mentor("Mo", zone="CST"), "column “Time zone” (“CST”): Time zone is not a known time zone. "),
        (
            mentor("Mo", languages="Klingonish"),
            "column “Languages” (“Klingonish”): Languages has an answer that is not ",
        ),
        (mentor("Mo", email="nobody"), "column “Email” (“nobody”): Email is not a complete email address. "),
        (mentee("Bo", goals="g" * 100_000), "Goals is too long (100,000 characters, at most 5,000). "),
        (mentee("Ada", **SAID), ""),
    ],
    ids=["10**9 places", "-1 places", "no such zone", "three zones", "language", "address", "long goals", "same again"],
)
def test_a_bad_answer_is_named_by_file_row_and_column_and_nothing_is_written(
    tmp_path: Path, row: Row, said: str
) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Nia", **SAID), mentee("Ada", **SAID), row])

    done = match(tmp_path, "--people", str(people))
    left_out = match(tmp_path, "--people", str(people), "--leave-out-faulty")

    if not said:
        assert "Rows 3 and 4 are the same submission, and count once." in done.complained
        assert (done.code, pairs_in(tmp_path)) == (0, {"Ada": "Nia"})
        return
    assert (done.code, done.said, len(done.complained.splitlines())) == (1, "", 1)
    assert done.complained.startswith("p.csv, row 4, column")
    assert said in done.complained
    assert (left_out.code, pairs_in(tmp_path)) == (0, {"Ada": "Nia"})
    assert f"Note: Left out: {done.complained}" in left_out.complained


@pytest.mark.parametrize(
    "goals", ["", " \t", "\u200b\u200b", "🎉🎊", "\u3000"], ids=["empty", "blank", "zero", "emoji", "wide"]
)
def test_goals_that_say_nothing_neither_help_nor_harm(tmp_path: Path, goals: str) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Mo"), mentee("Ada", goals=goals)])

    match(tmp_path, "--people", str(people))

    assert [row["Score of 100"] for row in rows_in(tmp_path)] == ["55.0"]


def test_wishes_in_a_column_count_and_unclear_ones_are_told(tmp_path: Path) -> None:
    rows = [mentor("Mo"), mentor("Nia"), mentee("Ada", wishes="nia@mentor.example.org; Mo"), mentee("Bo", wishes="Zoe")]
    people = sheet(tmp_path / "p.csv", rows)

    done = match(tmp_path, "--people", str(people), "--weights", "wish=10")

    assert (pairs_in(tmp_path)["Ada"], rows_in(tmp_path)[0]["Wish"]) == ("Nia", "1")
    assert "p.csv, row 5: the wish “Zoe” does not count. No mentor in the files has this name" in done.complained


@pytest.mark.clause("U-C4.5", "A-SH2")
def test_a_private_conflict_reads_like_a_ban_in_all_that_is_written(tmp_path: Path) -> None:
    def written(folder: str, not_with: str, bans: Sequence[Row]) -> tuple[str, str]:
        (tmp_path / folder).mkdir()
        crowd = [
            mentor("Mo"),
            mentor("Nia", 2),
            mentee("Ada", not_with=not_with),
            mentee("Bo"),
            mentee("Cy"),
            mentee("Di"),
        ]
        people = sheet(tmp_path / folder / "p.csv", crowd)
        forbidden = sheet(tmp_path / folder / "bans.csv", bans, ("Mentor", "Mentee"))
        match(tmp_path / folder, "--people", str(people), "--forbid", str(forbidden))
        proof = json.loads((tmp_path / folder / "certificate.json").read_text(encoding="utf-8"))
        report = (tmp_path / folder / "report.html").read_text(encoding="utf-8").split("Fingerprint")[0]
        return report, (tmp_path / folder / "pairs.csv").read_text(encoding="utf-8-sig") + str(proof["scores"])

    conflict = written("conflict", "Nia", [])
    ban = written("ban", "", [("Nia", "Ada")])

    assert conflict == ban


def test_what_people_typed_is_inert_in_the_table_and_in_the_report(tmp_path: Path) -> None:
    evil = "=HYPERLINK(1)<script>alert(1)</script>"
    people = sheet(tmp_path / "p.csv", [mentor("Mo"), mentee(evil, email="e@example.org")])

    done = match(tmp_path, "--people", str(people))

    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (done.code, pairs_in(tmp_path)) == (0, {f"'{evil}": "Mo"})
    assert ("<script" in report, "http" in report.replace("http-equiv", ""), " src=" in report) == (False, False, False)
    assert "=HYPERLINK(1)&lt;script&gt;alert(1)&lt;/script&gt;" in report


def test_when_one_file_cannot_be_written_none_is(tmp_path: Path) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Mo"), mentee("Ada")])

    done = match(tmp_path, "--people", str(people), "--certificate", str(tmp_path / "no-such-folder" / "c.json"))

    assert (done.code, done.said) == (1, "")
    assert done.complained.startswith(NEVER)
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_a_file_that_is_read_is_never_written(tmp_path: Path) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Mo"), mentee("Ada")])
    before = people.read_bytes()

    done = match(tmp_path, "--people", str(people), "--out", str(people))

    sentence = "Each file that is written needs a name of its own, and none that is read."
    assert (done, people.read_bytes()) == (Outcome(1, "", sentence), before)


def test_a_table_and_a_workbook_may_be_matched(tmp_path: Path) -> None:
    headers = ("Name", "Email", "Number of mentees")
    mentors = sheet(tmp_path / "m.csv", [("Mo", "mo@example.org", 1)], headers)
    book = tmp_path / "e.xlsx"
    book.write_bytes(xlsx_bytes(("Name", "Email"), [("Ada", "ada@example.org")]))

    done = match(tmp_path, "--mentors", str(mentors), "--mentees", str(book))

    assert (done.code, pairs_in(tmp_path)) == (0, {"Ada": "Mo"})
