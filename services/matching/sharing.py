"""Which reasons for a pair its mentee may read."""

# Only those that rest on what the proposal shows anyway: not where a mentor lives, or since when.
SHAREABLE = frozenset({"sector", "goals"})
