"""From counts to a figure that somebody may see: what is kept back, how it stands, and how it moved.

A scheme manager sees no count of one to four people and none from which one would follow, and what is shown is rounded
to fives: figures of this screen and of others cannot be subtracted from each other (SECURITY.md decision 3).
"""

from collections.abc import Mapping
from types import MappingProxyType

from services import suppression
from services.ledger.shapes import Aim, Count, Figure, Measured, State
from services.suppression import Shown

Counts = Mapping[str, Count]
NOTHING = Count(0, 0)
AMBER_FROM = 0.75
ROUNDED_TO = 5
# A share of fewer answers says too much about each of them (as in feedback_results).
FEWEST_ANSWERS = 8
STEADY_POINTS = 1


def measured(
    figure: Figure,
    counts: Counts,
    targets: Mapping[str, float],
    *,
    protect: bool,
    numbers: Mapping[str, str] = MappingProxyType({}),
) -> Measured:
    """The figure as this reader may see it; `numbers` are those of the scheme that definitions speak of, in words."""
    protect = protect and figure.is_about_people
    part, base, also, left = shown(figure, counts, then=False, protect=protect)
    usual = _usual(figure, counts, base, protect=protect)
    aim = targets.get(figure.target_key or "", figure.target)
    return Measured(
        figure=figure,
        state=_state(figure, part, base, aim),
        part=part,
        base=base,
        words=_words(figure, part, base, also, left, usual, is_about=protect),
        trend=_trend(figure, counts, part, base, protect=protect),
        definition=figure.definition.format(**numbers),
    )


def shown(
    figure: Figure, counts: Counts, *, then: bool, protect: bool
) -> tuple[Shown, Shown, tuple[tuple[str, Shown], ...], Shown]:
    """Part, base, the further parts with their words, and what is not due yet; None is kept back."""
    exact = {name: _at(counts, name, then=then) for name in names(figure)}
    if protect:
        exact = _protected(figure, exact)
    also = tuple((words, exact[name]) for name, words in figure.also)
    base = exact[figure.base] if figure.base else None
    return exact[figure.part], base, also, exact[figure.left_out] if figure.left_out else None


def _usual(figure: Figure, counts: Counts, base: Shown, *, protect: bool) -> str:
    """By when half of them had it, "" while it is not known: a usual time of few says too much about each of them."""
    if base is None or (protect and base < FEWEST_ANSWERS):
        return ""
    for name, unit in ((figure.hours, "hour"), (figure.days, "day")):
        if name is not None and (found := _at(counts, name, then=False)) is not None and found >= 0:
            return f"half of all within {found:,} {unit}{'' if found == 1 else 's'}"
    return ""


def names(figure: Figure) -> list[str]:
    """The counts that it is made of."""
    named = [figure.base, figure.part, figure.left_out, *(name for name, _ in figure.also)]
    return list(dict.fromkeys(name for name in named if name))


def _at(counts: Counts, name: str, *, then: bool) -> Shown:
    count = counts.get(name, NOTHING)
    return count.then if then else count.now


def _protected(figure: Figure, exact: Mapping[str, Shown]) -> dict[str, Shown]:
    """Every count as a part of one whole: what lies in the part, in each further part, in the rest, and not due."""
    whole = figure.base or figure.part
    fewest = FEWEST_ANSWERS if figure.source == "answers" else 0
    if any(value is None for value in exact.values()) or (exact[whole] or 0) < fewest:
        return dict.fromkeys(exact)
    found: dict[str, Shown] = {}
    for name, value in exact.items():
        inside = value or 0
        around = inside if name in {whole, figure.left_out} else (exact[whole] or 0)
        cells = {"in": inside, "out": around - inside}
        told = suppression.protected(cells, [("whole", lambda _cell: True), ("part", lambda cell: cell == "in")])
        found[name] = _rounded(told["part"])
    return found


def _rounded(count: Shown) -> Shown:
    return None if count is None else ROUNDED_TO * round(count / ROUNDED_TO)


def _state(figure: Figure, part: Shown, base: Shown, aim: float) -> State:
    if figure.base is not None and base == 0:
        return State.NOBODY
    if part is None or (figure.base is not None and base is None):
        return State.HIDDEN
    if figure.aim is Aim.TELLS:
        return State.TELLS
    if figure.aim in {Aim.NONE, Aim.ALL}:
        return State.GREEN if part == (base if figure.aim is Aim.ALL else 0) else State.RED
    share = part / base if base else float(part)
    # In tenths of thousands, or 6 of 10 would miss three quarters of 0.8.
    reached, wanted, nearly = (round(each * 10_000) for each in (share, aim, aim * AMBER_FROM))
    if reached >= wanted:
        return State.GREEN
    return State.AMBER if reached >= nearly else State.RED


def _words(
    figure: Figure,
    part: Shown,
    base: Shown,
    also: tuple[tuple[str, Shown], ...],
    left: Shown,
    usual: str,
    *,
    is_about: bool,
) -> str:
    if figure.base is not None and base == 0:
        return f"–, {figure.nobody}"
    if part is None or (figure.base is not None and base is None):
        return suppression.HIDDEN
    about = "about " if is_about and part else ""
    told = figure.words.format(part=f"{about}{part:,}", base=f"{base:,}" if base is not None else "")
    further = [f"{count:,} {words}" for words, count in also if count]
    if left:
        further.append(f"{left:,} not yet due")
    if usual:
        further.append(usual)
    return told + (f" ({', '.join(further)})" if further else "")


def _trend(figure: Figure, counts: Counts, part: Shown, base: Shown, *, protect: bool) -> str:
    """ "up 4 points", "2 fewer", "as before"; '' where the past is not known or not shown, or nobody is counted now."""
    before, whole, _, _ = shown(figure, counts, then=True, protect=protect)
    if part is None or before is None or (figure.base is not None and not base):
        return ""
    if figure.aim in {Aim.MOST, Aim.ALL} and figure.base is not None:
        if not base or not whole:
            return ""
        return _moved(round(100 * part / base) - round(100 * before / whole), "point")
    return _moved(part - before, "")


def _moved(change: int, unit: str) -> str:
    if unit and abs(change) <= STEADY_POINTS:
        return "as before"
    if not change:
        return "as before"
    if not unit:
        return f"{abs(change):,} {'more' if change > 0 else 'fewer'}"
    return f"{'up' if change > 0 else 'down'} {abs(change):,} {unit}{'' if abs(change) == 1 else 's'}"
