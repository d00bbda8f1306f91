"""What no single question can see: ids that stand twice, words that mean two things, slots that nothing fills."""

from __future__ import annotations

from collections.abc import Iterator

from content.callback import CALLBACK_SLOTS, Callback, Value
from content.document import Document
from content.errors import Problem
from content.normal_form import normalise
from content.slots import COMMON_SLOTS, slots_of


def check_callback(document: Document, callback: Callback) -> Iterator[Problem]:
    """Yield what is wrong between the parts of the file."""
    yield from _ids(document, callback)
    yield from _words(document, callback)
    for name, text in callback.texts:
        allowed = CALLBACK_SLOTS.get(name, frozenset()) | COMMON_SLOTS
        for slot in sorted(slots_of(text) - allowed):
            known = ", ".join(f"{{{each}}}" for each in sorted(allowed))
            what = f"nothing fills the slot {{{slot}}}"
            yield document.problem(("texts", name), what, f"use {known} or write the words out")
    for number, question in enumerate(callback.questions):
        for slot in sorted(slots_of(question.text)):
            what = f"nothing fills the slot {{{slot}}}: a question is kept with its answer word for word"
            yield document.problem(("questions", number, "text"), what, "write the words out")


def _ids(document: Document, callback: Callback) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, question in enumerate(callback.questions):
        if "." in question.id:
            what = f"the id `{question.id}` holds a dot, which parts a choice's id"
            yield document.problem(("questions", number, "id"), what, "use letters, digits, `_` and `-`")
        earlier = first.setdefault(question.id, number)
        if earlier != number:
            line = document.lines["questions", earlier, "id"]
            what = f"`{question.id}` is used a second time (first on line {line})"
            yield document.problem(("questions", number, "id"), what, "choose another")


def _words(document: Document, callback: Callback) -> Iterator[Problem]:
    """Yield words of a question that say two things, or one that would leave or begin the call-back."""
    others = {normalise(phrase): f"`{name}`" for name in ("start", "leave") for phrase in getattr(callback, name)}
    for number, question in enumerate(callback.questions):
        said = dict(others)
        for value in Value:
            for phrase in callback.spoken(question, value):
                owner = said.setdefault(normalise(phrase), f"`{value}`")
                if owner != f"`{value}`":
                    what = f"{phrase!r} is read as {owner} already and cannot be `{value}`"
                    yield document.problem(("questions", number, "answers", value.value), what, "keep it in one")
