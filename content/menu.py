"""The menu at the foot of the chat, and the reply to each of its keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from content.authored import Authored, Identifier, Url, check_bytes
from content.wording import Wording

#: Limits of both platforms (WeChat doc: custom menus).
TOP_BUTTONS: Final = 3
SUB_BUTTONS: Final = 5
TOP_LABEL_BYTES: Final = 16
SUB_LABEL_BYTES: Final = 60


class _Target(Authored):
    """What a tap on a button does: `key` brings a reply, `url` opens a page."""

    key: Identifier | None = None
    url: Url | None = None


class SubButton(_Target):
    """A button that opens out of a top button."""

    label: Annotated[str, AfterValidator(lambda text: check_bytes(text, SUB_LABEL_BYTES))]

    @model_validator(mode="after")
    def _does_one_thing(self) -> SubButton:
        if (self.key is None) == (self.url is None):
            raise ValueError("a button does one thing; write either `key` or `url`")
        return self


class Button(_Target):
    """A button of the bar: with a target, or with children."""

    label: Annotated[str, AfterValidator(lambda text: check_bytes(text, TOP_LABEL_BYTES))]
    children: Annotated[tuple[SubButton, ...], Field(max_length=SUB_BUTTONS)] = ()

    @model_validator(mode="after")
    def _does_one_thing(self) -> Button:
        if (self.key is not None) + (self.url is not None) + bool(self.children) != 1:
            raise ValueError("a button does one thing; write one of `key`, `url` and `children`")
        return self


class KeyReply(Wording):
    """The reply to a key: worded here, or that of an answer."""

    #: Id of an answer, whose reply it is.
    answer: Identifier | None = None

    @model_validator(mode="after")
    def _is_one(self) -> KeyReply:
        if self.answer is None:
            return self._check_one_form()
        if self.text is not None or self.news or self.menu or self.silent or self.short is not None:
            raise ValueError("a reply with `answer` holds nothing else; keep one")
        return self


class Menu(Authored):
    """The whole menu."""

    buttons: Annotated[tuple[Button, ...], Field(max_length=TOP_BUTTONS)]
    replies: dict[Identifier, KeyReply]

    def tapped(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield (place in the file, key) of every button that has a key."""
        for number, button in enumerate(self.buttons):
            if button.key is not None:
                yield ("buttons", number, "key"), button.key
            for child_number, child in enumerate(button.children):
                if child.key is not None:
                    yield ("buttons", number, "children", child_number, "key"), child.key
