"""Answers to what people ask: the whole message, then patterns and keywords in order, then the likest question."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field
from itertools import pairwise

from content.answers import Answers, Rule
from content.normal_form import normalise
from content.patterns import SUBJECT_CHARACTERS, compile_pattern
from content.value import value
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Turn


@value
class Found:
    """A rule that answers a message, and what its pattern captured."""

    rule: Rule
    slots: Mapping[str, str] = field(default_factory=dict)


@value
class _Keywords:
    """The part of a rule that is looked at in order, compiled."""

    rule: Rule
    any: re.Pattern[str] | None
    all: tuple[str, ...]
    pattern: re.Pattern[str] | None


@value
class _Question:
    """One way to ask a rule's question."""

    rule: Rule
    pairs: int
    needs: re.Pattern[str] | None


class AnswerBook:
    """All rules, compiled once; looking a message up costs microseconds and never depends on the message's author."""

    def __init__(self, answers: Answers) -> None:
        self._whole: dict[str, Rule] = {}
        self._ordered: list[_Keywords] = []
        self._questions: list[_Question] = []
        self._asked_with: defaultdict[str, list[int]] = defaultdict(list)
        for rule in answers.rules:
            self._add(rule)
        # Most messages that end in the fallback hold no keyword at all: one search instead of one a rule.
        self._any_word = _one_of(phrase for rule in answers.rules for phrase in rule.match.any)
        self._without_any = [entry for entry in self._ordered if entry.any is None or entry.pattern is not None]
        # A longer message cannot be alike enough to any question.
        self._most_pairs = max((int(q.pairs * (2 / q.rule.similarity - 1)) for q in self._questions), default=0)

    def find(self, text: str, normal: str) -> Found | None:
        """Return what answers a message, given as it came and in its normal form; None when nothing does."""
        if (rule := self._whole.get(normal)) is not None:
            return Found(rule=rule)
        return self._by_words(text.strip(), normal) or self._by_likeness(normal)

    def _add(self, rule: Rule) -> None:
        for phrase in (*rule.match.exact, *rule.questions):
            self._whole.setdefault(normalise(phrase), rule)
        match = rule.match
        if match.any or match.all or match.pattern:
            self._ordered.append(
                _Keywords(
                    rule=rule,
                    any=_one_of(match.any),
                    all=tuple(map(normalise, match.all)),
                    pattern=compile_pattern(match.pattern) if match.pattern else None,
                )
            )
        for phrase in rule.questions:
            pairs = _pairs(normalise(phrase))
            for pair in pairs:
                self._asked_with[pair].append(len(self._questions))
            self._questions.append(_Question(rule=rule, pairs=len(pairs), needs=_one_of(rule.needs)))

    def _by_words(self, text: str, normal: str) -> Found | None:
        worded = self._any_word is not None and self._any_word.search(normal) is not None
        for entry in self._ordered if worded else self._without_any:
            if entry.pattern is not None and len(text) <= SUBJECT_CHARACTERS and (m := entry.pattern.fullmatch(text)):
                return Found(rule=entry.rule, slots=m.groupdict(default=""))
            if entry.any is None and not entry.all:
                continue
            if (entry.any is None or entry.any.search(normal)) and all(word in normal for word in entry.all):
                return Found(rule=entry.rule)
        return None

    def _by_likeness(self, normal: str) -> Found | None:
        if len(normal) - 1 > self._most_pairs:
            return None
        pairs = _pairs(normal)
        shared = Counter(number for pair in pairs if pair in self._asked_with for number in self._asked_with[pair])
        best: tuple[float, Rule] | None = None
        for number, common in shared.items():
            question = self._questions[number]
            likeness = 2 * common / (len(pairs) + question.pairs)
            if likeness < question.rule.similarity or (best and likeness <= best[0]):
                continue
            if question.needs is None or question.needs.search(normal):
                best = likeness, question.rule
        return Found(rule=best[1]) if best else None


class Answering:
    """The handler over the book: the fragments as one message first, then one by one from the last."""

    def __init__(self, book: AnswerBook, phrasing: Phrasing) -> None:
        self._book = book
        self._phrasing = phrasing

    def matches(self, turn: Turn) -> bool:
        """Tell whether there are words to look up."""
        return bool(turn.normal)

    async def answer(self, turn: Turn) -> Outcome | NotHandled:
        """Answer from the book, or pass the turn on."""
        found = self._book.find(turn.text, turn.normal)
        if found is None and len(turn.fragments) > 1:
            singly = (self._book.find(part.text, part.normal) for part in reversed(turn.fragments) if part.normal)
            found = next((one for one in singly if one is not None), None)
        if found is None:
            return NOT_HANDLED
        return self._phrasing.render(turn, found.rule.reply, **found.slots)


def _one_of(phrases: Iterable[str]) -> re.Pattern[str] | None:
    words = [re.escape(normalise(phrase)) for phrase in phrases]
    return re.compile("|".join(words)) if words else None


def _pairs(normal: str) -> frozenset[str]:
    """Return the pairs of neighbouring characters; of a single character, itself."""
    if len(normal) < 2:
        return frozenset((normal,)) if normal else frozenset()
    return frozenset(map("".join, pairwise(normal)))
