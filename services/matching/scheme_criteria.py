"""What a scheme decides about matching: the weight of each criterion, and the sentence that explains it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from models.schemes import Scheme
from services import access, audit, cleaning
from services.access import Actor
from services.errors import Conflict, Invalid
from services.matching.criteria import CRITERIA
from services.units import writes

HIGHEST_WEIGHT = 10
LONGEST_SENTENCE = 200
_SENTENCES = "criterion_sentences"


@dataclass(frozen=True)
class SchemeCriterion:
    """One criterion of a scheme. A `weight` from 0, not counted, to 10; `sentence` says plainly what it means."""

    key: str
    label: str
    sentence: str
    weight: int


def of_scheme(session: Session, actor: Actor, scheme_id: UUID) -> tuple[SchemeCriterion, ...]:
    """Every criterion there is, with this scheme's weights and words. Raises NotAllowed."""
    return criteria_of(access.scheme_to_coordinate(session, actor, scheme_id))


def criteria_of(scheme: Scheme) -> tuple[SchemeCriterion, ...]:
    own = scheme.other_settings.get(_SENTENCES, {})
    return tuple(
        SchemeCriterion(key, each.label, own.get(key, each.about), scheme.criterion_weights.get(key, 0))
        for key, each in CRITERIA.items()
    )


@writes
def change(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    *,
    weights: Mapping[str, int],
    sentences: Mapping[str, str] | None = None,
    version: int,
) -> None:
    """Keep these weights, and the sentences that are given; an empty one brings the usual words back.

    `version` is the scheme's, as it was read. Raises NotAllowed, Invalid, and Conflict if a colleague was quicker.
    """
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    if scheme.version != version:
        raise Conflict("A colleague has just changed this scheme.", remedy="Reload the page to see how it stands.")
    _check(weights, sentences or {})
    before = dict(scheme.criterion_weights)
    scheme.criterion_weights = before | dict(weights)
    own = dict(scheme.other_settings.get(_SENTENCES, {}))
    for key, typed in (sentences or {}).items():
        own[key] = cleaning.text(typed, field="The sentence", longest=LONGEST_SENTENCE, lines=False)
    kept = {key: sentence for key, sentence in own.items() if cleaning.visible(sentence)}
    scheme.other_settings = scheme.other_settings | {_SENTENCES: kept}
    changed = {key: weight for key, weight in weights.items() if before.get(key, 0) != weight}
    audit.record(session, actor, "scheme.criteria_changed", scheme.id, scheme_id=scheme.id, weights=changed)
    session.commit()


def _check(weights: Mapping[str, int], sentences: Mapping[str, str]) -> None:
    for key in {*weights, *sentences} - CRITERIA.keys():
        raise Invalid(f"There is no criterion called {key}.", remedy="Choose one of those on the screen.")
    for key, weight in weights.items():
        if weight not in range(HIGHEST_WEIGHT + 1):
            label = CRITERIA[key].label
            raise Invalid(f"The weight of “{label}” is not a whole number from 0 to 10.", remedy="Move its slider.")
