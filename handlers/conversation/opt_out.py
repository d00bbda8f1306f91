"""Reading a refusal of advertising out of whatever else a message says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from content.consent_words import OptOut
from content.normal_form import normalise

_NEVER: Final = re.compile(r"(?!)")
#: Stands where words were taken out, so that their neighbours do not become one phrase; no normal form holds it.
_GAP: Final = "\n"


class Refusal:
    """The words of a refusal, compiled; `content.consent_words.OptOut` says what they mean."""

    def __init__(self, words: OptOut) -> None:
        self._contains = _one_of(words.contains)
        self._other_matters = _one_of(words.other_matters)
        self._not_meant = _one_of(words.not_meant)
        refusals, topics = _one_of(words.refusals), _one_of(words.topics)
        self._of_topic = re.compile(f"(?:{refusals.pattern}).{{0,{words.within}}}?(?:{topics.pattern})")
        self._of_everything = re.compile(f"(?:{refusals.pattern})(?:{_one_of(words.messages).pattern})?")
        self._courtesy = tuple(map(normalise, words.courtesy))
        # 请勿打扰 is met without its 请.
        self._exact = frozenset(self._without_courtesy(normalise(phrase)) for phrase in words.exact) - {""}

    def rest_of(self, normal: str) -> str | None:
        """Return what a message, in its normal form, says beside a refusal (courtesy apart); None: it refuses nothing.

        With nothing else in it the rest is empty.
        """
        meant = self._not_meant.sub(_GAP, normal)
        core = self._without_courtesy(meant)
        if core in self._exact or self._of_everything.fullmatch(core):
            return ""
        if self._of_topic.search(meant):
            return self._rest(self._of_topic.sub("", meant))
        if self._contains.search(meant) and not self._other_matters.search(meant):
            return self._rest(meant)
        return None

    def _rest(self, meant: str) -> str:
        return self._without_courtesy(self._contains.sub("", meant).replace(_GAP, ""))

    def _without_courtesy(self, normal: str) -> str:
        before = ""
        while normal != before:
            before = normal
            for word in self._courtesy:
                normal = normal.removeprefix(word).removesuffix(word)
        return normal


def _one_of(phrases: Iterable[str]) -> re.Pattern[str]:
    # The longer first: of two that begin alike it says more.
    words = sorted(map(normalise, phrases), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words))) if words else _NEVER
