"""A faulty template is refused with the file and the key, in words that help to mend it."""

import shutil
from pathlib import Path

import pytest

from services.schemes import templates

SCHEMES = Path(templates.__file__).parent


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the blank template, to spoil."""
    return Path(shutil.copytree(SCHEMES / "blank", tmp_path / "blank"))


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("scheme.toml", 'style = "facilitative"', 'style = "loud"', "blank/scheme.toml: style: Input should be"),
        ("scheme.toml", "waiting = 5", "waiting = 11", "blank/scheme.toml: criteria.waiting: Input should be less"),
        ("scheme.toml", 'key = "blank"', 'key = "black"', "blank/scheme.toml: key: is 'black', the folder is 'blank'"),
        ("scheme.toml", "Europe/London", "Europe/Londres", "blank/scheme.toml: time_zone: there is no"),
        ("scheme.toml", "silent_factor = 2.0", "silent_factor = 1.2", "blank/scheme.toml: rhythm: silent"),
        ("scheme.toml", "[5, 10]", "[5, 14]", "blank/scheme.toml: proposals: reminder_days: rising"),
        ("scheme.toml", 'mentor = ["code"]', 'mentor = ["agreement"]', "blank/agreement.en.md: is missing"),
        ("scheme.toml", '"summary", "goals"]', '"secrets"]', "blank/scheme.toml: shown_before_match.mentee: 'secrets'"),
        ("scheme.toml", 'mentor = ["signature"]', 'mentor = ["training"]', "blank/scheme.toml: gates.mentor: training"),
        ("scheme.toml", "exceptions = []", 'exceptions = ["U-8a"]', "blank/scheme.toml: clause: no document has a"),
        ("scheme.toml", "key =", "key", "blank/scheme.toml: cannot be read"),
        ("fields.toml", 'kind = "sector"', 'kind = "choice"', "blank/fields.toml: fields.5: sector: opt"),
        ("fields.toml", 'key = "called"', 'key = "full_name"', "blank/fields.toml: full_name: stands there twice"),
        ("fields.toml", 'code = "video"', 'code = "smoke"', "blank/fields.toml: channels: the options are not"),
        ("fields.toml", 'kind = "consent"', 'kind = "email"', "blank/fields.toml: fields.16: share_email"),
        ("fields.toml", "audience.mentee", "longest_", "blank/fields.toml: fields.0.longest_: Unexpected keyword"),
        ("fields.toml", "audience = ", "audience.mentor = ", "blank/fields.toml: fields.1: called: label and audience"),
        ("feedback/mentor.toml", 'role = "mentor"', 'role = "mentee"', "blank/feedback: role: needs one form"),
        (
            "feedback/mentor.toml",
            'clause = "B-7"',
            'clause = "B-70"',
            "blank/feedback/mentor.toml: clause: no document",
        ),
        ("code.en.md", "## B-2 ·", "## B-1 ·", "blank/code.en.md: The clause B-1 stands in the text twice."),
        ("rights.en.md", "# Your rights", "Your rights", "blank/rights.en.md: The text has no title."),
    ],
)
def test_a_faulty_file_is_named_with_its_key(copied: Path, file: str, old: str, new: str, complaint: str) -> None:
    spoil(copied / file, old, new)

    with pytest.raises(templates.TemplateError) as refused:
        templates.read(copied)

    assert str(refused.value)[: len(complaint)] == complaint


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("pass_mark = 3", "pass_mark = 5", "training/starter.toml: pass_mark: higher than the number"),
        (
            "answer = 2",
            "answer = 3",
            "training/starter.toml: questions.1: answer: there is no such option",
        ),
    ],
)
def test_a_check_that_nobody_can_pass_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    folder = Path(shutil.copytree(SCHEMES / "aulp", tmp_path / "aulp"))
    spoil(folder / "training/starter.toml", old, new)

    with pytest.raises(templates.TemplateError) as refused:
        templates.read(folder)

    assert str(refused.value)[: len(complaint)] == complaint


def test_a_module_without_anything_to_read_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SCHEMES / "aulp", tmp_path / "aulp"))
    (folder / "training/starter.en.md").unlink()

    with pytest.raises(templates.TemplateError) as refused:
        templates.read(folder)

    assert str(refused.value) == "training/starter.toml: there is nothing to read beside it (starter.en.md)"


def test_a_further_scheme_is_one_more_folder(copied: Path) -> None:
    template = templates.read(copied)

    assert template == templates.load("blank")
