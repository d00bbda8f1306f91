"""An authored reply: a text, one article, a question with choices, or deliberately nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from content.authored import Authored, Identifier, Url, Words, check_bytes
from content.lengths import TEXT_BYTES, question_bytes
from content.messages import Article, MenuReply, NewsReply, Option, Outgoing, TextReply
from content.slots import fill, slots_of

Title = Annotated[str, AfterValidator(lambda text: check_bytes(text, 128))]
Summary = Annotated[str, AfterValidator(lambda text: check_bytes(text, 512))]


class ArticleCard(Authored):
    """One article; an official account shows no more than one in a reply (WeChat doc: customer-service messages)."""

    title: Title
    description: Summary | None = None
    url: Url
    picture_url: Url | None = None


class Choice(Authored):
    """One choice of a question; `id` names an answer or a menu reply, which a tap on it brings."""

    id: Identifier
    label: Title


class Question(Authored):
    """A question with choices."""

    head: Words
    options: Annotated[tuple[Choice, ...], Field(min_length=1, max_length=10)]
    tail: Words | None = None

    @model_validator(mode="after")
    def _fits(self) -> Question:
        size = question_bytes(self.head, [(choice.id, choice.label) for choice in self.options], self.tail or "")
        if size > TEXT_BYTES:
            what = f"the question has about {size} bytes of UTF-8 when its choices are links, {TEXT_BYTES} are allowed"
            raise ValueError(f"{what}; shorten it or offer fewer choices")
        return self


class Wording(Authored):
    """Exactly one of `text`, `news` and `menu`; or the word `none` for a message that is only logged."""

    text: Words | None = None
    news: ArticleCard | None = None
    menu: Question | None = None
    #: What an elderly customer reads first of `text` or of the question's head (`content.elder`); the whole follows.
    short: Words | None = None
    silent: bool = Field(default=False, description="written as `none`")

    @model_validator(mode="before")
    @classmethod
    def _read_none(cls, value: Any) -> Any:
        if value == "none":
            return {"silent": True}
        if isinstance(value, str):
            raise ValueError("a reply is not a bare text; write `text: …` under it, or `none` for no reply")
        return value

    @model_validator(mode="after")
    def _is_one(self) -> Wording:
        return self._check_one_form()

    def _check_one_form(self) -> Self:
        if sum((self.text is not None, self.news is not None, self.menu is not None, self.silent)) != 1:
            raise ValueError("a reply is exactly one of `text`, `news`, `menu` or `none`; keep one")
        if self.short is not None and self.text is None and self.menu is None:
            raise ValueError("`short` shortens a `text` or the head of a `menu`, and there is none; delete it")
        return self

    def slots(self) -> frozenset[str]:
        """Return the names of all slots in the reply's words."""
        parts = [self.text or "", self.short or ""]
        if self.news:
            parts += [self.news.title, self.news.description or ""]
        if self.menu:
            parts += [self.menu.head, self.menu.tail or ""]
        return frozenset().union(*map(slots_of, parts))

    def render(self, values: Mapping[str, str]) -> Outgoing | None:
        """Return the message with its slots filled, None for a silence. Raises KeyError on a slot without value."""
        if self.text is not None:
            return TextReply(content=fill(self.text, values))
        if self.news is not None:
            return NewsReply(articles=(self._article(self.news, values),))
        if self.menu is not None:
            options = tuple(Option(id=choice.id, label=choice.label) for choice in self.menu.options)
            tail = fill(self.menu.tail or "", values)
            return MenuReply(head=fill(self.menu.head, values), options=options, tail=tail)
        return None

    @staticmethod
    def _article(card: ArticleCard, values: Mapping[str, str]) -> Article:
        return Article(
            title=fill(card.title, values),
            description=fill(card.description or "", values),
            url=card.url,
            picture_url=card.picture_url or "",
        )
