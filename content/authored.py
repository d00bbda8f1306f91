"""What all authored models share: frozen, no unknown keys, and the small types that texts are made of."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from content.lengths import TEXT_BYTES
from content.normal_form import normalise

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


class Authored(BaseModel):
    """Base of everything that people author."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def check_bytes(text: str, limit: int) -> str:
    """Return `text`. Raises ValueError when it is empty or longer than `limit` bytes of UTF-8."""
    if not text.strip():
        raise ValueError("the text is empty; write it")
    size = len(text.encode("utf-8"))
    if size > limit:
        raise ValueError(f"the text has {size} bytes of UTF-8, {limit} are allowed; shorten it")
    return text


def _check_words(text: str) -> str:
    return check_bytes(text.strip(), TEXT_BYTES)


def _check_phrase(text: str) -> str:
    if not normalise(text):
        raise ValueError(f"{text!r} holds no letter or digit, and nothing else is compared; write words")
    return text


def _check_identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text) or len(text) > 64:
        raise ValueError(
            f"{text!r} is no identifier; begin with a letter, then letters, digits, `_`, `-` and `.`, 64 in all"
        )
    return text


def _check_url(text: str) -> str:
    if not re.fullmatch(r"https?://\S+", text) or len(text.encode()) > 1024:
        raise ValueError(f"{text!r} is no web address; begin it with https:// and keep it under 1024 bytes")
    return text


#: A sentence or several that a person is shown; space around it does not count.
Words = Annotated[str, AfterValidator(_check_words)]
#: Words that are looked for; compared in their normal form.
Phrase = Annotated[str, AfterValidator(_check_phrase)]
Identifier = Annotated[str, AfterValidator(_check_identifier)]
Url = Annotated[str, AfterValidator(_check_url)]
