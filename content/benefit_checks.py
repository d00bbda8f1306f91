"""What no single benefit can see: ids and titles that stand twice, slots that nothing fills, codes without a word."""

from __future__ import annotations

from collections.abc import Iterator

from content.benefits import BENEFIT_SLOTS, CODE_SLOT, Benefits
from content.document import Document
from content.errors import Problem
from content.normal_form import normalise
from content.slots import COMMON_SLOTS, slots_of


def check_benefits(document: Document, benefits: Benefits) -> Iterator[Problem]:
    """Yield what is wrong between the parts of the file."""
    yield from _repeated(document, benefits)
    yield from _words(document, benefits)
    for name, text in benefits.texts:
        place = ("texts", name)
        allowed = BENEFIT_SLOTS.get(name, frozenset()) | COMMON_SLOTS
        for slot in sorted(slots_of(text) - allowed):
            known = ", ".join(f"{{{each}}}" for each in sorted(allowed))
            yield document.problem(place, f"nothing fills the slot {{{slot}}}", f"use {known} or write the words out")
        if "code" in slots_of(text) and "{code}" in text.replace(CODE_SLOT, ""):
            what = "a code without the word before it would be shown to everybody who reads the conversation"
            yield document.problem(place, what, f"write `{CODE_SLOT}`")
        if name in ("claimed", "unit") and CODE_SLOT not in text:
            yield document.problem(place, "the customer is not told the code", f"write `{CODE_SLOT}` into it")
    for number, benefit in enumerate(benefits.catalogue):
        for slot in sorted(slots_of(benefit.guide)):
            what = f"nothing fills the slot {{{slot}}} of a guide"
            yield document.problem(("catalogue", number, "guide"), what, "write the words out")


def _repeated(document: Document, benefits: Benefits) -> Iterator[Problem]:
    for key in ("id", "title"):
        first: dict[str, int] = {}
        for number, benefit in enumerate(benefits.catalogue):
            name = normalise(str(getattr(benefit, key))) if key == "title" else str(getattr(benefit, key))
            earlier = first.setdefault(name, number)
            if earlier != number:
                line = document.lines["catalogue", earlier, key]
                what = f"`{getattr(benefit, key)}` is used a second time (first on line {line})"
                yield document.problem(("catalogue", number, key), what, "choose another")


def _words(document: Document, benefits: Benefits) -> Iterator[Problem]:
    claim = {normalise(phrase) for phrase in benefits.asks.claim}
    for phrase in benefits.asks.mine:
        if normalise(phrase) in claim:
            what = f"{phrase!r} is read as `claim` already and cannot be `mine`"
            yield document.problem(("asks", "mine"), what, "keep it in one")
