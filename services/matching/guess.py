"""What mentors' places will be worth, guessed from some of the mentees: candidates are then those worth looking at.

Where everybody wants the same few, each mentee's highest scores are places that others will have. The guess only says
where to look first. It is in floating point and may differ between machines; the answer and its proof never do.
"""

import numpy as np
from numpy.typing import NDArray

from services.matching.candidates import shown_scores
from services.matching.pairs import Flags, Ints, Scorer

SAMPLE = 600
ROUNDS = 30
# How evenly a mentee's wish is spread over mentors of nearly the same score, as a share of how far scores differ.
SPREAD = 1 / 12
_SEED = 1
_A_LITTLE = 1e-3


def likely_prices(scorer: Scorer, free: Flags, capacities: Ints) -> Ints:
    """Prices (m,) from 0 to the highest score seen, at which the sampled mentees ask for as many places as there are.

    In each round a mentor who is asked for more than their share gets dearer, one who is asked for less cheaper, and
    never below 0 unless places are short for everybody.
    """
    mentees, places = np.flatnonzero(free), int(capacities.sum())
    if not len(mentees) or not places:
        return np.zeros(scorer.m, dtype=np.int64)
    rows = np.sort(np.random.default_rng(_SEED).permutation(mentees)[:SAMPLE])
    scores, allowed = scorer.block(rows)
    worth = shown_scores(scores, allowed, (len(rows), scorer.m)).astype(np.float32)
    unit = max(1.0, float(worth.std()) * SPREAD)
    share = capacities * (len(rows) / min(len(mentees), places))
    wanted = np.maximum(share, _A_LITTLE).astype(np.float32)
    prices = np.zeros(scorer.m, dtype=np.float32)
    for _ in range(ROUNDS):
        prices += unit * np.log((_asked_for(worth, prices, unit) + _A_LITTLE) / wanted)
        if places >= len(mentees):
            np.maximum(prices, 0, out=prices)
    prices -= prices.min()
    found: Ints = np.clip(np.rint(prices), 0, max(0.0, float(worth.max()))).astype(np.int64)
    return found


def _asked_for(worth: NDArray[np.float32], prices: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """How many of the mentees would ask for each mentor (m,) at these prices, each for several with some likelihood."""
    likely = (worth - prices) / unit
    likely -= likely.max(axis=1, keepdims=True)
    np.exp(likely, out=likely)
    likely /= likely.sum(axis=1, keepdims=True)
    asked: NDArray[np.float32] = likely.sum(axis=0)
    return asked
