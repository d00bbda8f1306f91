"""Looking for authored words and patterns in what a content item says, however they are spaced or written."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from content.finding import Finding
from content.normal_form import normalise
from content.patterns import SUBJECT_CHARACTERS, compile_pattern
from content.piece import Piece
from content.piece_template import literal, place_in
from content.piece_ways import ways_of
from content.precheck_rules import CategoryRule, Precheck
from content.value import value
from content.violations import Violation

#: Sentences end here; a denial before it denies nothing behind it.
_ENDS: Final = frozenset("。！？!?；;")
_PAUSES: Final = frozenset("，,：:…—")
_NOISE: Final = re.compile(r"[\W_]+")
#: Characters between a denial and the word that it denies; a denial of one character stands right before it.
_BETWEEN: Final = 3
#: Findings of one category in one field; whoever has more mends the first ones first.
MOST: Final = 30
#: Stands for the end of a sentence in the folded text.
_END: Final = "\n"


@value
class _Folded:
    """Words in the form they are compared in, and for each character its place in what was written."""

    text: str
    places: tuple[int, ...]
    #: Where in `text` a clause begins: a denial before it denies nothing behind it.
    clauses: tuple[int, ...]


class WordCheck:
    """Compiled rules."""

    def __init__(self, precheck: Precheck, violations: dict[str, Violation]) -> None:
        self._violations = violations
        self._denials = tuple(map(normalise, precheck.denials))
        self._affirmations = tuple(map(normalise, precheck.affirmations))
        #: Characters before a word among which a denial, or what only looks like one, is looked for.
        self._reach = _BETWEEN + max(map(len, (*self._denials, *self._affirmations)), default=0)
        self._rules = {name: _Rule(rule) for name, rule in precheck.categories.items()}

    def find(self, piece: Piece) -> Iterator[Finding]:
        """Yield every hit in the words of all variants, in all branches, and in the examples of the variables.

        Branches are looked at one behind the other, and in each way that somebody can read them.
        """
        for variant, field, source in piece.texts():
            readings = [_fold(characters) for characters in (literal(source), *ways_of(source))]
            yield from self._in_text(source, readings, variant=variant, field=field)
        for name, variable in sorted(piece.variables.items()):
            field = f"variables.{name}.example"
            yield from self._in_text(variable.example, [_fold(enumerate(variable.example))], variant="", field=field)
        yield from self._in_text(piece.name, [_fold(enumerate(piece.name))], variant="", field="name")

    def _in_text(self, source: str, readings: Sequence[_Folded], *, variant: str, field: str) -> Iterator[Finding]:
        for category, rule in self._rules.items():
            known = self._violations[category]
            found = {
                (folded.places[start], folded.places[end - 1])
                for folded in readings
                for start, end in rule.spans(folded.text)
                if not self._is_denied(folded, start)
            }
            for first, last in islice(_widest(found), MOST):
                line, column = place_in(source, first)
                yield Finding(
                    category=category,
                    label=known.label,
                    severity=known.severity,
                    variant=variant,
                    field=field,
                    line=line,
                    column=column,
                    quote=source[first : last + 1],
                    what=f"像是「{known.label}」",
                    mend=rule.mend,
                )

    def _is_denied(self, folded: _Folded, start: int) -> bool:
        earlier = bisect_right(folded.clauses, start)
        clause = folded.clauses[earlier - 1] if earlier else 0
        before = folded.text[max(clause, start - self._reach) : start].rpartition(_END)[2]
        if any(phrase in before for phrase in self._affirmations):
            return False
        return any(
            (at := before.rfind(denial)) >= 0 and len(before) - at - len(denial) <= (_BETWEEN if len(denial) > 1 else 0)
            for denial in self._denials
        )


class _Rule:
    def __init__(self, rule: CategoryRule) -> None:
        self.mend = rule.mend
        self._words = tuple(map(normalise, rule.words))
        self._patterns = tuple(map(compile_pattern, rule.patterns))
        self._unless = tuple(map(normalise, rule.unless))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the rule hits, without those inside of another hit or of what is allowed, in their order."""
        found = sorted({*self._hits(text)}, key=_outermost)
        allowed = sorted({span for phrase in self._unless for span in _spans(phrase, text)}, key=_outermost)
        kept: list[tuple[int, int]] = []
        # Both in the order of their beginnings: how far the ones that began before reach is all that counts.
        seen, right, kept_to = 0, 0, 0
        for start, end in found:
            while seen < len(allowed) and allowed[seen][0] <= start:
                right, seen = max(right, allowed[seen][1]), seen + 1
            if end > right and end > kept_to:
                kept.append((start, end))
                kept_to = end
        return kept

    def _hits(self, text: str) -> Iterator[tuple[int, int]]:
        for word in self._words:
            yield from _spans(word, text)
        # A pattern is safe on so many characters (`content.patterns`); half a stretch is looked at twice.
        for begin in range(0, max(len(text), 1), SUBJECT_CHARACTERS // 2):
            stretch = text[begin : begin + SUBJECT_CHARACTERS]
            for pattern in self._patterns:
                yield from (
                    (begin + hit.start(), begin + hit.end())
                    for hit in pattern.finditer(stretch)
                    if hit.end() > hit.start()
                )


def _widest(found: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the places that lie in no other of them."""
    furthest = -1
    for first, last in sorted(found, key=_outermost):
        if last > furthest:
            furthest = last
            yield first, last


def _outermost(span: tuple[int, int]) -> tuple[int, int]:
    return span[0], -span[1]


def _spans(word: str, text: str) -> Iterator[tuple[int, int]]:
    at = text.find(word)
    while at >= 0:
        yield at, at + len(word)
        at = text.find(word, at + 1)


def says(source: str, phrases: Sequence[str]) -> bool:
    """Tell whether everybody reads one of the phrases, whichever branches they get; compared as the rules are."""
    wanted = [normalise(phrase) for phrase in phrases]
    texts = [_fold(characters).text for characters in ways_of(source)] or [_fold(literal(source)).text]
    return all(any(phrase in text for phrase in wanted) for text in texts)


def _fold(characters: Iterable[tuple[int, str]]) -> _Folded:
    """Return letters and digits alone, as NFKC and case-folded; ends of sentences stay, as one character."""
    text: list[str] = []
    places: list[int] = []
    clauses: list[int] = []
    for place, char in characters:
        form = _END if char in _ENDS else _NOISE.sub("", unicodedata.normalize("NFKC", char).casefold())
        if char in _PAUSES:
            clauses.append(len(text))
        text += form
        places += [place] * len(form)
    return _Folded(text="".join(text), places=tuple(places), clauses=tuple(clauses))
