"""Training: modules with a short check, and until when a passed one counts. The way in for everybody else.

What a spreadsheet says about training ("training: yes") is shown as a claim and counts for nothing.
"""

from services.trained import (
    Progress,
    ProgressFilter,
    ProgressPage,
    TrainingState,
    lines,
    progress,
    untrained_enrolments,
)
from services.training_checks import Marked, Outcome, add_months, check
from services.training_standing import (
    TRIES,
    Completed,
    Module,
    Question,
    Standing,
    as_shown,
    modules,
    questions_of,
    right_options,
    standing,
)

__all__ = [
    "TRIES",
    "Completed",
    "Marked",
    "Module",
    "Outcome",
    "Progress",
    "ProgressFilter",
    "ProgressPage",
    "Question",
    "Standing",
    "TrainingState",
    "add_months",
    "as_shown",
    "check",
    "lines",
    "modules",
    "progress",
    "questions_of",
    "right_options",
    "standing",
    "untrained_enrolments",
]
