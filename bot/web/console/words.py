"""What the console says, in two languages that are checked against each other when they are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Final

import yaml

#: The first one counts where none is chosen.
LANGUAGES: Final = ("zh", "en")
FOLDER: Final = Path(__file__).parent / "words"
_TAGS: Final = {"zh": "zh-CN", "en": "en"}


class WordsError(Exception):
    """The files of words do not fit each other; the sentence names file and key."""


class Words:
    """One language's texts by key: `words("customers.title")`."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    @property
    def tag(self) -> str:
        """The language as HTML names it."""
        return _TAGS[self.language]

    def __call__(self, key: str, **slots: object) -> str:
        """Return a text with its slots filled. Raises KeyError when there is no such key or a slot is not given."""
        return self._texts[key].format(**slots)

    def named(self, group: str, word: str) -> str:
        """Return what a stored word is called; the word itself when this version has no name for it."""
        return self._texts.get(f"{group}.{word.replace('.', '_')}", word)


def load_words(folder: Path = FOLDER) -> dict[str, Words]:
    """Return the words by language. Raises WordsError when a key or a slot stands in one language only."""
    texts = {language: dict(_flat(_read(folder / f"{language}.yaml"))) for language in LANGUAGES}
    first, *others = LANGUAGES
    for other in others:
        for key in sorted(texts[first].keys() ^ texts[other].keys()):
            lacking = other if key in texts[first] else first
            raise WordsError(f"{folder / lacking}.yaml: {key} is missing; write it in both languages.")
        for key, text in texts[first].items():
            if _slots(text) != _slots(texts[other][key]):
                raise WordsError(f"{folder / other}.yaml: {key} has other slots than in {first}.yaml.")
    return {language: Words(language, texts[language]) for language in LANGUAGES}


def _read(file: Path) -> Mapping[str, Any]:
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise WordsError(f"{file}: groups of texts belong here, each with its keys.")
    return found


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        elif isinstance(value, str):
            yield f"{above}{name}", value
        else:
            raise WordsError(f"{above}{name} is {value!r}; put the text between quotation marks.")


def _slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
