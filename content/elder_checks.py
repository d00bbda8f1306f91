"""Short forms against what they stand for: whether that exists, which slots they hold, and whether they are short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel

from content.document import Document, Place
from content.elder import MOST, Elder, authored_characters, characters, labels_of, sentence_of
from content.errors import Problem
from content.marketing import Marketing
from content.notice import Notice
from content.slots import COMMON_SLOTS, fill, slots_of
from content.wording import Wording

_ELDER_SLOTS: Final = {
    "consents": frozenset({"granted"}),
    "consent": frozenset({"title", "state"}),
    "topics": frozenset({"taken", "title"}),
    "topic": frozenset({"title", "state"}),
    "frequency": frozenset({"title"}),
}


def check_elder(
    document: Document, elder: Elder, files: Mapping[str, BaseModel], marketing: Marketing
) -> Iterator[Problem]:
    """Yield the mode's own sentences and the short forms that name nothing, fill nothing, or are too long.

    `files`: by section of `short` the model whose sentences it shortens.
    """
    notice = files["notice"]
    assert isinstance(notice, Notice)
    titles = tuple(notice.consents.of(name).title for name in notice.consents.names())
    switches = [fill(label, {"title": title}) for title in titles for label in (notice.switch_on, notice.switch_off)]
    about_consents = (
        ("consents", elder.consents, (*titles, elder.switch_off)),
        ("consent", elder.consent, (max(switches, key=len), marketing.texts.open)),
        *_about_topics(elder, marketing),
    )
    for name, text, labels in (*elder.sentences(), *about_consents):
        allowed = _ELDER_SLOTS.get(name, frozenset()) | COMMON_SLOTS
        yield from _measured(document, (name,), text, elder, labels=labels, allowed=allowed)
    for section, model in files.items():
        for name, short in getattr(elder.short, section).items():
            place = ("short", section, name)
            full = sentence_of(model, name)
            if full is None:
                what = f"{section}.yaml has no sentence `{name}`"
                yield document.problem(place, what, "name one of its sentences, or delete the line")
                continue
            labels = _labels_beside(section, name, elder, notice)
            allowed = slots_of(full) | COMMON_SLOTS
            yield from _measured(document, place, short, elder, labels=labels, allowed=allowed)


def _about_topics(elder: Elder, marketing: Marketing) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Return (name, text, labels beside the person's) of what is said about topics and frequency."""
    texts = marketing.texts
    titles = tuple(topic.title for topic in marketing.topics)
    switches = [fill(label, {"title": title}) for title in titles for label in (texts.switch_on, texts.switch_off)]
    # The one that holds is not among the choices: the shortest title is, at worst.
    others = sorted((each.title for each in marketing.frequencies), key=len)[1:]
    return (
        ("topics", elder.topics, (*titles, texts.often)),
        ("topic", elder.topic, (max(switches, key=len),)),
        ("frequency", elder.frequency, tuple(others)),
    )


def check_short(document: Document, place: Place, wording: Wording, elder: Elder) -> Iterator[Problem]:
    """Yield that an authored reply's short form is too long; its slots are checked with the others of the reply."""
    if wording.short is not None:
        labels = tuple(labels_of(wording, person=elder.person.id))
        yield from _too_long(document, (*place, "short"), wording.short, elder, labels=labels)


def pair_shorts(elder: Elder, files: Mapping[str, BaseModel], originals: Mapping[str, BaseModel]) -> dict[str, str]:
    """Return the short form by the sentence that it stands for.

    `originals`: the files for which the short forms were written. A sentence that reads otherwise now is not shortened:
    what the insurer has rewritten must not be said in the old words.
    """
    paired: dict[str, str] = {}
    for section, model in files.items():
        for name, short in getattr(elder.short, section).items():
            full, original = sentence_of(model, name), sentence_of(originals[section], name)
            if full is not None and full == original:
                paired[full] = short
    return paired


def _labels_beside(section: str, name: str, elder: Elder, notice: Notice) -> tuple[str, ...]:
    """Return the choices with which a sentence goes out."""
    if (section, name) == ("notice", "text"):
        return (notice.choices.all, notice.choices.each, notice.choices.none)
    if section == "notice" and name.endswith(".ask"):
        return (notice.choices.agree, notice.choices.refuse)
    if (section, name) == ("handover", "customer.over"):
        return tuple(score.label for score in elder.scores)
    return ()


def _measured(
    document: Document, place: Place, text: str, elder: Elder, *, labels: tuple[str, ...], allowed: frozenset[str]
) -> Iterator[Problem]:
    for slot in sorted(slots_of(text) - allowed):
        known = ", ".join(f"{{{name}}}" for name in sorted(allowed))
        yield document.problem(place, f"nothing fills the slot {{{slot}}}", f"use {known} or write the words out")
    yield from _too_long(document, place, text, elder, labels=labels)


def _too_long(
    document: Document, place: Place, text: str, elder: Elder, *, labels: tuple[str, ...]
) -> Iterator[Problem]:
    beside = characters(elder.person.label, elder.more, *labels)
    size = authored_characters(text)
    if size + beside > MOST:
        what = f"the short form has about {size} characters, and its choices {beside}: {MOST} are allowed in all"
        yield document.problem(place, what, f"shorten it to {max(MOST - beside, 0)}")
