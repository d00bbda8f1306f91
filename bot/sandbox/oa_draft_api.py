"""Drafts of official accounts: add, update, get, list, count, delete. WeChat doc: drafts."""

from __future__ import annotations

from typing import Any

from bot.sandbox.drafts import Draft
from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import ApiRoute, Call, Outcome
from bot.sandbox.world import OfficialAccount

_MOST_ARTICLES = 8
_TITLE_CHARACTERS = 32
_CONTENT_CHARACTERS = 20_000
_PAGE = 20
_FIELDS = ("title", "author", "digest", "content", "content_source_url", "thumb_media_id", "url")


class OfficialDraftApi:
    """The server APIs of drafts."""

    def routes(self) -> list[ApiRoute[OfficialAccount]]:
        """Return the routes of this family."""
        return [
            ApiRoute(method="POST", path="/cgi-bin/draft/add", handle=_add),
            ApiRoute(method="POST", path="/cgi-bin/draft/update", handle=_update),
            ApiRoute(method="POST", path="/cgi-bin/draft/get", handle=_get),
            ApiRoute(method="POST", path="/cgi-bin/draft/batchget", handle=_list),
            ApiRoute(method="GET", path="/cgi-bin/draft/count", handle=_count),
            ApiRoute(method="POST", path="/cgi-bin/draft/delete", handle=_delete),
        ]


def _add(call: Call[OfficialAccount]) -> Outcome:
    articles = call.body.get("articles")
    if not isinstance(articles, list) or not articles:
        raise ApiError(44003)
    if len(articles) > _MOST_ARTICLES:
        raise ApiError(45008)
    kept = [_article(article, call) for article in articles]
    draft = call.holder.drafts.add(kept, now=call.now)
    return Outcome(
        payload={"media_id": draft.media_id},
        kept={"draft": {"media_id": draft.media_id, "articles": kept}},
        bare=True,
    )


def _update(call: Call[OfficialAccount]) -> Outcome:
    draft, index = _draft(call), call.body.get("index", 0)
    if not isinstance(index, int) or not 0 <= index < len(draft.articles):
        raise ApiError(40035, "index")
    articles = [dict(article) for article in draft.articles]
    # Under `articles` stands one article, as the documents have it.
    articles[index] = _article(call.body.get("articles"), call)
    call.holder.drafts.add(articles, now=call.now, media_id=draft.media_id)
    return Outcome(kept={"draft": {"media_id": draft.media_id, "articles": articles}})


def _article(article: object, call: Call[OfficialAccount]) -> dict[str, str]:
    if not isinstance(article, dict):
        raise ApiError(47001)
    kept = {name: str(article[name]) for name in _FIELDS if article.get(name)}
    if "title" not in kept or "content" not in kept:
        raise ApiError(40035, "an article needs title and content")
    if len(kept["title"]) > _TITLE_CHARACTERS or len(kept["content"]) > _CONTENT_CHARACTERS:
        raise ApiError(45002)
    cover = kept.get("thumb_media_id", "")
    if call.holder.media.get(cover, now=call.now) is None:
        raise ApiError(40007, "thumb_media_id")
    return kept


def _get(call: Call[OfficialAccount]) -> Outcome:
    return Outcome(payload={"news_item": [dict(article) for article in _draft(call).articles]}, bare=True)


def _list(call: Call[OfficialAccount]) -> Outcome:
    offset, count = call.body.get("offset", 0), call.body.get("count", _PAGE)
    if not isinstance(offset, int) or not isinstance(count, int) or offset < 0 or not 1 <= count <= _PAGE:
        raise ApiError(40035, f"offset from 0, count 1 to {_PAGE}")
    drafts = call.holder.drafts.newest()
    page = drafts[offset : offset + count]
    return Outcome(
        payload={"total_count": len(drafts), "item_count": len(page), "item": [_shown(draft) for draft in page]},
        bare=True,
    )


def _count(call: Call[OfficialAccount]) -> Outcome:
    return Outcome(payload={"total_count": len(call.holder.drafts.newest())}, bare=True)


def _delete(call: Call[OfficialAccount]) -> Outcome:
    draft = _draft(call)
    call.holder.drafts.remove(draft.media_id)
    return Outcome(kept={"draft_gone": draft.media_id})


def _draft(call: Call[OfficialAccount]) -> Draft:
    draft = call.holder.drafts.get(call.text("media_id", missing=41006))
    if draft is None:
        raise ApiError(40007)
    return draft


def _shown(draft: Draft) -> dict[str, Any]:
    return {
        "media_id": draft.media_id,
        "content": {"news_item": [dict(article) for article in draft.articles]},
        "update_time": int(draft.updated_at),
    }
