"""Refusals: what a person is told when something cannot be done. Anything else that is raised is a bug."""


class Refusal(Exception):  # noqa: N818 - it is no error of the program
    """What happened, then what the person can do about it. Both are full sentences."""

    def __init__(self, happened: str, *, remedy: str) -> None:
        super().__init__(f"{happened} {remedy}")
        self.happened = happened
        self.remedy = remedy


class NotAllowed(Refusal):
    """Not theirs, or not there: both get one answer, so that nobody can probe for ids."""


class Invalid(Refusal):
    """What they entered breaks a rule."""


class Conflict(Refusal):
    """Something changed since they opened the page."""
