"""One content item as authored: what kind it is, what it may be filled with, and its variants.

A draft may be unfinished: what is missing is a finding of the check (`content.precheck`), not a mistake of form.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from content.authored import Authored, Identifier
from content.messages import Purpose
from content.normal_form import normalise

#: Characters that nobody sees and that can part a forbidden word or turn a line around; joiners of emoji stay.
_UNSEEN: Final = frozenset("\u00ad\u200b\u200e\u200f\u2060\ufeff") | frozenset(
    map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)
#: SHA-256 of a picture that was uploaded.
DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    """What goes out."""

    TEXT = "text"
    #: A title, a few words, a picture, a link.
    CARD = "card"
    #: Words to read, with a cover.
    ARTICLE = "article"
    #: A picture.
    POSTER = "poster"
    MINI_PROGRAM = "mini_program"


class VariableType(StrEnum):
    """What a variable holds; it decides what is checked and how it is written."""

    TEXT = "text"
    NUMBER = "number"
    #: Yuan; written with two places.
    MONEY = "money"
    DATE = "date"


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for char in text:
        if char in _UNSEEN or (unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"):
            raise ValueError(f"the text holds the unseen character U+{ord(char):04X}; delete it")
    return text.strip()


def _one_line(text: str) -> str:
    if "\n" in (text := _plain(text)):
        raise ValueError("the text has several lines; write one")
    return text


def _named(text: str) -> str:
    if _one_line(text) and not normalise(text):
        raise ValueError(f"{text!r} holds no letter or digit, so nothing could stop the product; write its name")
    return _one_line(text)


Line = Annotated[str, StringConstraints(max_length=1024), AfterValidator(_one_line)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_one_line)]
Prose = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_plain)]
Letter = Annotated[str, StringConstraints(pattern=r"^[A-H]$")]
#: Words of the template language are no names.
_RESERVED: Final = frozenset({"true", "false", "none", "and", "or", "not", "if", "elif", "else", "in", "is"})


def _variable_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) or name in _RESERVED:
        raise ValueError(
            f"{name!r} cannot name a variable; use small letters, digits and `_`, 32 in all, no word of Jinja"
        )
    return name


VariableName = Annotated[str, AfterValidator(_variable_name)]
ChannelName = Literal["wechat", "kf", "contact", "wecom"]


class Variable(Authored):
    """One thing that is filled in for each person."""

    type: VariableType = VariableType.TEXT
    #: What stands in previews, and what the check measures with.
    example: Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]
    #: Characters that a text may have.
    max: Annotated[int, Field(ge=1, le=200)] = 20


class Variant(Authored):
    """One wording; which fields count depends on the kind. `title`, `summary` and `text` may hold variables."""

    title: Line = ""
    summary: Line = ""
    text: Prose = ""
    url: Line = ""
    app_id: Line = ""
    page: Line = ""
    #: Digest of a picture; in a file the path of one, relative to it.
    picture: Line = ""


#: Fields that may hold variables.
TEMPLATED: Final = ("title", "summary", "text")
#: By kind the fields that must be filled, and those that may be.
REQUIRED: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.TEXT: ("text",),
        Kind.CARD: ("title", "text", "url"),
        Kind.ARTICLE: ("title", "text"),
        Kind.POSTER: ("picture",),
        Kind.MINI_PROGRAM: ("title", "app_id", "page"),
    }
)
OPTIONAL: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.TEXT: (),
        Kind.CARD: ("picture",),
        Kind.ARTICLE: ("summary", "picture", "url"),
        Kind.POSTER: ("text",),
        Kind.MINI_PROGRAM: ("text", "picture"),
    }
)

#: By kind and field the bytes of UTF-8 that every channel takes. Text: `docs/sending.md` and the messages of all
#: three channels; cards: news and link messages (title 128, description 512). An article's title and summary are
#: those of a draft of an official account (64 and 120 characters), its body 20,000 characters.
LIMITS: Final[Mapping[Kind, Mapping[str, int]]] = MappingProxyType(
    {
        Kind.TEXT: {"text": 2048},
        Kind.CARD: {"title": 128, "text": 512},
        Kind.ARTICLE: {"title": 192, "summary": 360, "text": 60_000},
        Kind.POSTER: {"text": 2048},
        Kind.MINI_PROGRAM: {"title": 64, "text": 512},
    }
)


class Piece(Authored):
    """One content item."""

    key: Identifier
    kind: Kind
    #: What staff call it.
    name: Name
    #: The product that it advertises; a stop of the product stops it.
    product: Annotated[str, StringConstraints(max_length=60), AfterValidator(_named)] = ""
    purpose: Literal[Purpose.MARKETING, Purpose.SERVICE] = Purpose.MARKETING
    #: What it is about for customers who choose topics (`content.marketing`).
    topic: Identifier | None = None
    channels: Annotated[tuple[ChannelName, ...], Field(min_length=1, max_length=4)] = ("wechat",)
    #: How long an approval counts.
    valid_days: Annotated[int, Field(ge=1, le=730)] = 180
    variables: Annotated[dict[VariableName, Variable], Field(max_length=20, default_factory=dict)]
    variants: Annotated[dict[Letter, Variant], Field(min_length=1, max_length=8)]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that count for its kind, in the order in which people read them."""
        used = {*REQUIRED[self.kind], *OPTIONAL[self.kind]}
        return tuple(name for name in Variant.model_fields if name in used)

    @property
    def pictures(self) -> frozenset[str]:
        """The pictures that its variants show."""
        return frozenset(variant.picture for variant in self.variants.values() if variant.picture)

    def texts(self) -> list[tuple[str, str, str]]:
        """Return (variant, field, text) of everything that a person reads."""
        return [
            (letter, name, str(getattr(variant, name)))
            for letter, variant in sorted(self.variants.items())
            for name in self.fields
            if name in TEMPLATED and getattr(variant, name)
        ]


def written(piece: Piece) -> str:
    """Return the one spelling of a piece that is kept and whose digest is frozen: JSON with sorted keys."""
    plain: dict[str, Any] = piece.model_dump(mode="json")
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_piece(kept: str) -> Piece:
    """Return a piece from what `written` gave. Raises ValueError when a newer version wrote it."""
    return Piece.model_validate_json(kept)


def digest_of_piece(kept: str) -> str:
    """Return the digest of a piece as `written` gave it; pictures are in it by their own."""
    return hashlib.sha256(kept.encode("utf-8")).hexdigest()
