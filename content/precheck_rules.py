"""What the machine looks for in content before a person reviews it, as authored (`precheck.yaml`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from content.authored import Authored, Identifier, Phrase, Words
from content.callback import Version
from content.document import Document
from content.errors import Problem
from content.messages import Purpose
from content.patterns import compile_pattern
from content.piece import Kind
from content.violations import Severity, load_violations

Label = Annotated[str, Field(min_length=1, max_length=20)]


def _pattern(source: str) -> str:
    compile_pattern(source)
    return source


class CategoryRule(Authored):
    """What shows one category of `violations.yaml`. Words and patterns are compared without spaces and marks."""

    words: tuple[Phrase, ...] = ()
    patterns: tuple[Annotated[str, AfterValidator(_pattern)], ...] = ()
    #: A hit inside of one of these is none.
    unless: tuple[Phrase, ...] = ()
    mend: Words


class Disclaimer(Authored):
    """A sentence that certain content must hold."""

    id: Identifier
    label: Label
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)] = (Purpose.MARKETING,)
    #: Only of content that names a product.
    with_product: bool = False
    severity: Severity
    #: One of these must stand in the words of each variant.
    any: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    mend: Words


class Precheck(Authored):
    """The whole file."""

    version: Version
    #: Right before a word they deny it: 不是存款.
    denials: tuple[Phrase, ...]
    #: What looks like a denial and is none: 不得不.
    affirmations: tuple[Phrase, ...] = ()
    categories: dict[str, CategoryRule]
    disclaimers: tuple[Disclaimer, ...]


def check_precheck(document: Document, precheck: Precheck) -> Iterator[Problem]:
    """Yield categories that violations.yaml does not know, rules without anything to find, ids that stand twice."""
    known = load_violations()
    for name, rule in precheck.categories.items():
        place = ("categories", name)
        if name not in known:
            yield document.problem(place, f"there is no category `{name}`", "use one of " + ", ".join(sorted(known)))
        if not (rule.words or rule.patterns):
            yield document.problem(place, f"`{name}` finds nothing", "add `words` or `patterns`, or delete it")
    first: set[str] = set()
    for number, disclaimer in enumerate(precheck.disclaimers):
        if disclaimer.id in first:
            what = f"`{disclaimer.id}` is used a second time"
            yield document.problem(("disclaimers", number, "id"), what, "choose another")
        first.add(disclaimer.id)
