"""What several statements about a customer come to: sources by rank, and the rule that folds them.

The rule is that of the research (insight.md 4.3) as far as nothing is extracted from talk yet: a source's latest
statement is its word; agreeing sources add up, 1 - Π(1 - c), at most 0.98 unless one alone is surer; the weight of a
value is its best rank / 100 times its confidence; it holds against the next one with at least 1.5 times that one's
weight, otherwise both are `disputed`. A later word of the customer themselves holds at once. Confidence does not decay:
the half-lives are those of what is heard in talk, which does not exist yet; a fact ends `days` after it was observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from math import prod
from types import MappingProxyType
from typing import Final

from content.attributes import Attribute, FactValue
from content.value import value


class Source(StrEnum):
    """Who says so."""

    POLICY = "policy_core"
    #: The customer filled it in.
    CUSTOMER_ENTRY = "customer_entry"
    CUSTOMER_CONFIRMED = "customer_confirmed"
    #: A list of the insurer's own.
    LIST = "list"
    CUSTOMER_STATEMENT = "customer_statement"
    AGENT_ENTRY = "agent_entry"
    BEHAVIOUR = "behaviour"
    INFERENCE = "inference"


#: The research ranks all but the insurer's own lists: they stand below the customer's word, above what is extracted.
RANKS: Final[Mapping[Source, int]] = MappingProxyType(
    {
        Source.POLICY: 100,
        Source.CUSTOMER_ENTRY: 90,
        Source.CUSTOMER_CONFIRMED: 85,
        Source.LIST: 75,
        Source.CUSTOMER_STATEMENT: 70,
        Source.AGENT_ENTRY: 60,
        Source.BEHAVIOUR: 50,
        Source.INFERENCE: 30,
    }
)
#: How sure a statement is that says nothing of it.
CONFIDENCES: Final[Mapping[Source, float]] = MappingProxyType(
    {Source.POLICY: 1.0, Source.CUSTOMER_ENTRY: 0.95, Source.CUSTOMER_CONFIRMED: 0.95, Source.LIST: 0.9}
)
#: Whose later word holds at once.
_OWN_WORD: Final = frozenset({Source.CUSTOMER_ENTRY, Source.CUSTOMER_CONFIRMED})
_HOLDS: Final = 1.5
_CAP: Final = 0.98


class Status(StrEnum):
    """Where a statement or a current value stands."""

    ACTIVE = "active"
    #: Sources of like weight contradict each other: it is shown, and nothing is done by it.
    DISPUTED = "disputed"


@value
class Statement:
    """One statement of one source, as the table has it."""

    id: int
    subject: str
    value: FactValue
    #: False: it says that this is not so.
    is_positive: bool
    confidence: float
    source: Source
    observed_at: datetime
    #: Until when it says something; None: until contradicted.
    valid_to: datetime | None = None


@value
class Current:
    """What holds of one attribute, subject and value."""

    subject: str
    value: FactValue
    is_positive: bool
    confidence: float
    source: Source
    #: The statement that shows it best.
    fact_id: int
    observed_at: datetime
    #: Until when it stays current; None: until contradicted.
    until: datetime | None
    status: Status


@value
class _Voice:
    """All who say one thing."""

    statements: tuple[Statement, ...]

    @property
    def confidence(self) -> float:
        surest = max(each.confidence for each in self.statements)
        return max(surest, min(_CAP, 1 - prod(1 - each.confidence for each in self.statements)))

    @property
    def best(self) -> Statement:
        return max(self.statements, key=lambda each: (RANKS[each.source], each.observed_at, each.id))

    @property
    def weight(self) -> float:
        return RANKS[self.best.source] / 100 * self.confidence


def ends_at(attribute: Attribute, observed_at: datetime, valid_to: datetime | None = None) -> datetime | None:
    """Return until when a statement says something: its own end, or `days` after it was observed; None: no end."""
    ends = [] if valid_to is None else [valid_to]
    if attribute.days is not None:
        ends.append(observed_at + timedelta(days=attribute.days))
    return min(ends, default=None)


def fold(statements: Iterable[Statement], *, many: bool, now: datetime) -> list[Current]:
    """Return what holds after these statements of one customer and attribute; the same whatever their order.

    `many`: several values hold at once. What has ended by `now` says nothing.
    """
    living = [each for each in statements if each.valid_to is None or each.valid_to > now]
    found: list[Current] = []
    for subject in sorted({each.subject for each in living}):
        mine = [each for each in living if each.subject == subject]
        if not many:
            found.append(_one(mine))
            continue
        # Each value stands for itself: those who say it against those who deny it.
        for key in sorted({each.value.key for each in mine}):
            found.append(_one([each for each in mine if each.value.key == key]))
    return found


def _one(statements: list[Statement]) -> Current:
    latest: dict[Source, Statement] = {}
    for each in sorted(statements, key=lambda each: (each.observed_at, each.id)):
        latest[each.source] = each
    said: dict[tuple[str, bool], list[Statement]] = {}
    for each in latest.values():
        said.setdefault((each.value.key, each.is_positive), []).append(each)
    voices = [_Voice(statements=tuple(each)) for _, each in sorted(said.items())]
    voices.sort(key=lambda voice: -voice.weight)
    own = _own_word(voices)
    first = own or voices[0]
    rivals = [voice.weight for voice in voices if voice is not first]
    is_clear = own is not None or not rivals or first.weight >= _HOLDS * max(rivals)
    return _current(first, Status.ACTIVE if is_clear else Status.DISPUTED)


def _own_word(voices: list[_Voice]) -> _Voice | None:
    """Return the voice of the customer's own last word when it came after everything else that was said."""
    everything = [each for voice in voices for each in voice.statements]
    last = max(everything, key=lambda each: (each.observed_at, each.id))
    if last.source not in _OWN_WORD:
        return None
    return next(voice for voice in voices if last in voice.statements)


def _current(voice: _Voice, status: Status) -> Current:
    best = voice.best
    finite = [each.valid_to for each in voice.statements if each.valid_to is not None]
    return Current(
        subject=best.subject,
        value=best.value,
        is_positive=best.is_positive,
        confidence=round(voice.confidence, 4),
        source=best.source,
        fact_id=best.id,
        observed_at=max(each.observed_at for each in voice.statements),
        until=max(finite) if len(finite) == len(voice.statements) else None,
        status=status,
    )
