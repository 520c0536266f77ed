"""`mentoring match --verify`: a certificate holds for its own files alone; and what is wrong with a command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from services.matching import files_explained, files_proof
from tests.bad_inputs import DATA
from tests.services.match_files import AULP, MENTORS, match, mentee, mentor, rows_in, sheet
from tests.services.test_cli import Outcome, mentoring


def test_a_workbook_of_pairs_is_the_same_every_time_and_fits_the_certificate(tmp_path: Path) -> None:
    books = [tmp_path / "one.xlsx", tmp_path / "two.xlsx"]
    for book in books:
        match(tmp_path, "--people", str(AULP), "--out", str(book), scheme="aulp")

    checked = mentoring("match", "--verify", str(tmp_path / "certificate.json"), "--pairs", str(books[0]))
    sheet_ = load_workbook(books[0]).active

    assert books[0].read_bytes() == books[1].read_bytes()
    assert (checked.code, sheet_ is not None and sheet_.max_row) == (0, 35)


def test_the_policy_and_weights_are_those_asked_for(tmp_path: Path) -> None:
    match(tmp_path, "--people", str(AULP), "--policy", "floor-first", "--weights", "goals=10, load=0", scheme="aulp")

    proof = json.loads((tmp_path / "certificate.json").read_text(encoding="utf-8"))
    checked = mentoring("match", "--verify", str(tmp_path / "certificate.json"), "--people", str(AULP))
    assert (proof["policy"], proof["weights"]["goals"], proof["load_costs"], proof["worst"] >= proof["floor"] > 0) == (
        "floor_first",
        10,
        [],
        True,
    )
    assert (checked.code, checked.said.splitlines()[1]) == (0, "It is of these files: they give the same answer again.")


def test_a_certificate_is_not_of_other_files(tmp_path: Path) -> None:
    one = sheet(tmp_path / "one.csv", [mentor("Mo"), mentor("Nia"), mentee("Ada", languages="en"), mentee("Bo")])
    other = sheet(
        tmp_path / "other.csv",
        [mentor("Mo", languages="en"), mentor("Nia"), mentee("Ada", languages="en"), mentee("Bo")],
    )
    fewer = sheet(tmp_path / "fewer.csv", [mentor("Mo"), mentor("Nia"), mentee("Ada")])
    match(tmp_path, "--people", str(one))
    certificate = str(tmp_path / "certificate.json")

    same = mentoring("match", "--verify", certificate, "--people", str(one))
    changed = mentoring("match", "--verify", certificate, "--people", str(other))
    left = mentoring("match", "--verify", certificate, "--people", str(fewer))

    assert same.code == 0
    assert changed.complained.startswith("certificate.json does not hold. The files ")
    assert left.complained == "certificate.json does not hold. The files hold other people than the certificate."


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("answer", lambda answer: [answer[-1], *answer[1:]]),
        ("answer", lambda answer: [None, *answer[1:]]),
        ("answer", lambda answer: answer[:-1]),
        ("answer", lambda answer: [10**9, *answer[1:]]),
        ("u", lambda u: [max(0, price - 1) for price in u]),
        ("v", lambda v: [price + 1 for price in v]),
        ("v", lambda v: [-1, *v[1:]]),
        ("places", lambda places: [10**30, *places[1:]]),
        ("big", lambda big: 1),
        ("total", lambda total: total + 1),
        ("matched", lambda matched: matched - 1),
        ("worst", lambda worst: worst + 1),
        ("scores", lambda scores: [[None] * len(row) for row in scores]),
        ("scores", lambda scores: [[10**6] * len(row) for row in scores]),
        ("scores", lambda scores: scores[1:]),
        ("scores", lambda scores: "many"),
        ("pins", lambda pins: [[0, 0], [0, 1]]),
        ("load_costs", lambda costs: [10**9]),
        ("mentees", lambda ids: [ids[0], *ids[:-1]]),
    ],
    ids=[
        *("another mentor", "nobody", "shorter", "no such mentor", "lower prices", "higher prices", "below nothing"),
        *(
            "endless places",
            "small duty",
            "total",
            "matched",
            "worst",
            "nothing possible",
            "all splendid",
            "fewer scores",
        ),
        *("no scores", "two pins", "dear load", "one id twice"),
    ],
)
def test_a_changed_certificate_does_not_hold(tmp_path: Path, key: str, change: Callable[[Any], Any]) -> None:
    crowd = [mentor(f"Mo{chr(97 + n)}", 1, languages="en" if n % 2 else "zh") for n in range(6)]
    people = sheet(
        tmp_path / "p.csv", [*crowd, *(mentee(f"Em{chr(97 + n)}", languages="en" if n % 3 else "zh") for n in range(8))]
    )
    match(tmp_path, "--people", str(people))
    path = tmp_path / "certificate.json"
    proof = json.loads(path.read_text(encoding="utf-8"))
    assert mentoring("match", "--verify", str(path)).code == 0

    path.write_text(json.dumps({**proof, key: change(proof[key])}), encoding="utf-8")

    checked = mentoring("match", "--verify", str(path))
    assert (checked.code, checked.said) == (1, "")
    assert checked.complained.startswith("certificate.json")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"u": 1e999}', "[" * 100_000], ids=range(7))
def test_what_is_no_certificate_is_said_to_be_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(content, encoding="utf-8")

    checked = mentoring("match", "--verify", str(path))

    assert (checked.code, checked.said) == (1, "")
    assert checked.complained.startswith("c.json: It is no certificate of a matching run")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name the files: --mentors and --mentees, or --people for both in one."),
        (["--people", "gone.csv"], "gone.csv cannot be used: no such file or directory."),
        (["--mentors", str(MENTORS)], "The mentees are missing: name their file, too."),
        (["--people", str(AULP), "--mentors", str(MENTORS)], "Name either --people, or --mentors and --mentees."),
        (
            ["--people", str(AULP)],
            "Say what to write: --out pairs.csv, --report report.html or --certificate certificate.json.",
        ),
        (
            ["--people", str(AULP), "--out", "x.csv", "--scheme", "x"],
            "--scheme “x”: choose one of aulp, unnc_alumni, blank.",
        ),
        (
            ["--people", str(AULP), "--out", "x.csv", "--weights", "goals"],
            "--weights “goals”: write it as goals=10, with",
        ),
        (
            ["--people", str(AULP), "--out", "x.csv", "--weights", "age=3"],
            "--weights “age”: choose among wish, mentor_wish,",
        ),
        (
            ["--people", str(AULP), "--out", "x.csv", "--weights", "goals=11"],
            "--weights “goals=11”: a weight is a whole",
        ),
        (
            ["--people", str(AULP), "--out", "x.csv", "--map", "Shoes=Name"],
            "--map “Shoes=Name”: write it as Question=Column",
        ),
        (
            ["--people", str(AULP), "--out", "x.csv", "--map", "Email=X"],
            "--map “Email=X”: there is no column “X” in aulp-",
        ),
        (["--people", str(DATA / "bad_inputs.json"), "--out", "x.csv"], "bad_inputs.json"),
    ],
    ids=[
        "nothing",
        "gone",
        "one side",
        "too much",
        "no output",
        *("scheme", "weight", "criterion", "eleven"),
        *("map", "column", "json"),
    ],
)
def test_what_is_wrong_with_the_command_is_one_clear_line(words: list[str], said: str) -> None:
    done = mentoring("match", *words)

    assert (done.code, done.said) == (1, "")
    assert done.complained.startswith(said)
    assert not Path("x.csv").exists()


def test_of_very_many_people_the_certificate_needs_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Mo"), mentee("Ada"), mentee("Bo")])
    for module in (files_proof, files_explained):
        monkeypatch.setattr(module, "MOST_PAIRS", 1)

    done = match(tmp_path, "--people", str(people))
    certificate = str(tmp_path / "certificate.json")
    alone = mentoring("match", "--verify", certificate)
    with_files = mentoring("match", "--verify", certificate, "--people", str(people))

    assert (done.code, {row["Smallest change"] for row in rows_in(tmp_path)}) == (
        0,
        {"", "One more place with a mentor who is available to them."},
    )
    assert alone == Outcome(1, "", "This certificate is of so many people that it needs their files: name them, too.")
    assert (with_files.code, with_files.said.splitlines()[1]) == (
        0,
        "It is of these files: they give the same answer again.",
    )


def test_pairs_that_were_changed_by_hand_do_not_fit_the_certificate(tmp_path: Path) -> None:
    people = sheet(tmp_path / "p.csv", [mentor("Mo"), mentor("Nia"), mentee("Ada"), mentee("Bo")])
    match(tmp_path, "--people", str(people))
    pairs = tmp_path / "pairs.csv"
    before = pairs.read_text(encoding="utf-8-sig")
    swapped = (
        before.replace("mo@mentor", "x@mentor").replace("nia@mentor", "mo@mentor").replace("x@mentor", "nia@mentor")
    )
    said = []

    for text in (before, swapped, before + before.splitlines()[1], before.splitlines()[0] + "\n", "Mentee\nAda\n"):
        pairs.write_text(text, encoding="utf-8")
        done = mentoring("match", "--verify", str(tmp_path / "certificate.json"), "--pairs", str(pairs))
        said.append((done.code, (done.said or done.complained).splitlines()[-1]))

    unfit = "certificate.json holds, but pairs.csv does not fit it."
    assert said == [
        (0, "pairs.csv has the same pairs."),
        (1, f"{unfit} 2 of its 2 mentees have another mentor in the certificate."),
        (1, f"{unfit} A mentee stands in it twice."),
        (1, f"{unfit} It is about other mentees than the certificate."),
        (1, "pairs.csv: no column is called “Mentee email”."),
    ]
