"""From a filled variant to the message that leaves; what a channel cannot carry yet has none."""

from __future__ import annotations

from content.messages import Article, NewsReply, Outgoing, TextReply
from content.piece import Kind, Piece, Variant


def message_of(piece: Piece, filled: Variant, *, picture_url: str = "") -> Outgoing | None:
    """Return the message of a filled variant, None when this kind cannot be sent to one person yet.

    `picture_url`: where the platform finds the variant's picture, "" for nowhere. An article goes to one person as the
    card that leads to it; without an address it has nowhere to lead.
    """
    match piece.kind:
        case Kind.TEXT:
            return TextReply(content=filled.text)
        case Kind.CARD:
            return _card(filled.title, filled.text, filled.url, picture_url)
        case Kind.ARTICLE if filled.url:
            return _card(filled.title, filled.summary, filled.url, picture_url)
        case _:
            return None


def _card(title: str, description: str, url: str, picture_url: str) -> NewsReply:
    return NewsReply(articles=(Article(title=title, description=description, url=url, picture_url=picture_url),))
