"""The demonstration: invented people and a year of history, made by calling the same services that screens call."""

from services.demonstration.loading import DemoAccount, is_loaded, load
from services.demonstration.removing import remove

__all__ = ["DemoAccount", "is_loaded", "load", "remove"]
