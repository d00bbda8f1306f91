"""What a rule alone does not show: attributes and values that there are not, names that lead nowhere or round.

The same flaws are told of a file, of a form and of the API.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError

from content.attributes import Attribute, AttributeFile, Attributes, BadValue, FactValue, Kind
from content.document import Document, Place
from content.errors import Problem
from content.segments import MOST, Condition, Scalar, Segment, SegmentFile
from content.value import value

_ORDERED = frozenset({"less", "at_most", "more", "at_least", "between"})
_OF_DAYS = frozenset({"month", "anniversary_within"})


@value
class Flaw:
    """What is wrong, where in the rule, and how to mend it."""

    place: Place
    what: str
    mend: str

    def __str__(self) -> str:
        where = ".".join(map(str, self.place))
        return f"{where}: {self.what}; {self.mend}" if where else f"{self.what}; {self.mend}"


def join_attributes(
    taxonomy: AttributeFile, document: Document, added: AttributeFile
) -> tuple[Attributes, list[Problem]]:
    """Return the taxonomy's attributes with the insurer's own, and which of these have a key or label of others."""
    by_key = dict(taxonomy.attributes)
    labels = {attribute.label for attribute in by_key.values()}
    problems = []
    for key, attribute in added.attributes.items():
        if key in by_key or attribute.label in labels:
            what = f"the key `{key}` or the label {attribute.label!r} stands in profile.yaml or here already"
            problems.append(document.problem(("attributes", key), what, "choose another"))
        by_key.setdefault(key, attribute)
        labels.add(attribute.label)
    return Attributes(by_key=by_key), problems


class SegmentFlawed(Exception):
    """A segment cannot be used; `flaws` says why, each with its place."""

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("\n".join(map(str, self.flaws)))


def read_segment(given: Any) -> Segment:
    """Return a segment as it came as JSON. Raises SegmentFlawed."""
    try:
        return Segment.model_validate(given)
    except ValidationError as error:
        found = [_flaw(detail) for detail in error.errors(include_url=False)]
        raise SegmentFlawed(found[:20]) from None


def _flaw(detail: Any) -> Flaw:
    message = str(detail.get("ctx", {}).get("error", detail["msg"]))
    what, _, mend = message.partition("; ")
    return Flaw(place=tuple(detail["loc"]), what=what, mend=mend or "correct it")


def flaws(rule: Condition, attributes: Attributes, known: Mapping[str, Condition]) -> Iterator[Flaw]:
    """Yield what is wrong with a rule; `known`: all segments that it may name."""
    for place, each in rule.parts():
        if each.kind == "fact":
            yield from _fact_flaws(place, each, attributes)
        if each.segment is not None and each.segment not in known:
            yield Flaw(place=(*place, "segment"), what=f"there is no segment `{each.segment}`", mend="correct its name")
    size = whole_size(rule, known)
    if size is None:
        yield Flaw(place=(), what="the segments name each other in a circle", mend="take one of the names out")
    elif size > MOST:
        what = f"with the segments it names the rule has {size} conditions, {MOST} are allowed"
        yield Flaw(place=(), what=what, mend="make it simpler")


def whole_size(rule: Condition, known: Mapping[str, Condition], above: tuple[str, ...] = ()) -> int | None:
    """Return how many conditions a rule has with those of the segments it names; None when it goes round in a circle.

    Ends early above the limit.
    """
    size = 0
    for _, each in rule.parts():
        size += 1
        name = each.segment
        if name is not None and name in known:
            if name in above:
                return None
            inner = whole_size(known[name], known, (*above, name))
            if inner is None:
                return None
            size += inner
        if size > 10 * MOST:
            break
    return size


def check_segments(document: Document, file: SegmentFile, attributes: Attributes) -> Iterator[Problem]:
    """Yield every flaw of a file with its line."""
    first: dict[str, int] = {}
    for number, each in enumerate(file.segments):
        if each.id in first:
            what = f"`{each.id}` is here a second time"
            yield document.problem(("segments", number, "id"), what, "give it another id")
        first.setdefault(each.id, number)
    known = {each.id: each.rule for each in file.segments}
    for number, each in enumerate(file.segments):
        for flaw in flaws(each.rule, attributes, known):
            yield document.problem(("segments", number, "rule", *flaw.place), flaw.what, flaw.mend)
        if whole_size(each.rule, known, (each.id,)) is None and whole_size(each.rule, known) is not None:
            place: Place = ("segments", number, "rule")
            yield document.problem(place, "the segments name each other in a circle", "take one of the names out")


def makes_circle(segment: Segment, known: Mapping[str, Condition]) -> bool:
    """Tell whether a segment would name itself, over any number of others."""
    return whole_size(segment.rule, {**known, segment.id: segment.rule}, (segment.id,)) is None


def operands(condition: Condition, attribute: Attribute) -> tuple[FactValue, ...]:
    """Return what a fact is compared with, in the form it is stored in. Raises BadValue."""
    compared = condition.part(condition.sign)
    if condition.sign in ("known", *_OF_DAYS):
        return ()
    given = compared if condition.sign in ("in", "between") else (compared,)
    return tuple(attribute.read(_written(each)) for each in given)


def _fact_flaws(place: Place, condition: Condition, attributes: Attributes) -> Iterator[Flaw]:
    attribute = attributes.get(condition.fact or "")
    if attribute is None:
        mend = "name one of profile.yaml or attributes.yaml"
        yield Flaw(place=(*place, "fact"), what=f"there is no attribute `{condition.fact}`", mend=mend)
        return
    sign = condition.sign
    is_day = attribute.kind is Kind.DATE
    if sign in _ORDERED and not (attribute.is_number or is_day):
        kept = "is kept as a band" if attribute.stored else f"is of kind {attribute.kind}"
        what = f"`{condition.fact}` {kept}: there is no more or less"
        yield Flaw(place=(*place, sign), what=what, mend="use is or in")
        return
    if sign in _OF_DAYS and not is_day:
        yield Flaw(place=(*place, sign), what=f"`{condition.fact}` is no day", mend="use another sign")
        return
    try:
        compared = operands(condition, attribute)
    except BadValue as bad:
        yield Flaw(place=(*place, sign), what=bad.what, mend=bad.mend)
        return
    if sign == "between" and _order(compared[0]) > _order(compared[1]):
        yield Flaw(place=(*place, sign), what="the first is more than the second", mend="turn them round")


def _order(found: FactValue) -> float:
    return found.day.toordinal() if found.day is not None else found.number or 0.0


def _written(scalar: Scalar) -> str:
    match scalar:
        case bool():
            return "是" if scalar else "否"
        case float() if math.isfinite(scalar) and scalar == int(scalar):
            return str(int(scalar))
        case date():
            return scalar.isoformat()
        case _:
            return str(scalar)
