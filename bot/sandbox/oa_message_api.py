"""Customer-service messages of official accounts. WeChat doc: customer-service messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.sandbox import shown
from bot.sandbox.chats import Chats
from bot.sandbox.config import Rules
from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import ApiRoute, Call, Delivered, Outcome
from bot.sandbox.quota import Verdict
from bot.sandbox.shown import TEXT_BYTES, Shown
from bot.sandbox.world import OfficialAccount

_TYPING_SECONDS = 15.0
_TYPING_WINDOW_SECONDS = 30.0


class OfficialMessageApi:
    """custom/send with its quota ledger, and custom/typing."""

    def __init__(self, *, chats: Chats, rules: Rules) -> None:
        self._chats = chats
        self._rules = rules
        self._kinds: dict[str, Callable[[dict[str, Any], Call[OfficialAccount]], Shown]] = {
            "text": self._text,
            "image": lambda payload, call: shown.media("image", _media(payload, "media_id", call)),
            "voice": lambda payload, call: shown.media("voice", _media(payload, "media_id", call)),
            "video": self._video,
            "music": self._music,
            "news": self._news,
            "msgmenu": _menu,
            "mpnews": lambda payload, call: shown.card("mpnews", _needs(payload, "media_id")),
            "mpnewsarticle": lambda payload, call: shown.card("mpnewsarticle", _needs(payload, "article_id")),
            "miniprogrampage": lambda payload, call: shown.card(
                "miniprogrampage", _needs(payload, "appid", "pagepath", "thumb_media_id")
            ),
            "wxcard": lambda payload, call: shown.card("wxcard", _needs(payload, "card_id")),
        }

    def routes(self) -> list[ApiRoute[OfficialAccount]]:
        """Return the routes of this family."""
        return [
            ApiRoute(method="POST", path="/cgi-bin/message/custom/send", handle=self._send, people=_receiver),
            ApiRoute(method="POST", path="/cgi-bin/message/custom/typing", handle=self._typing, people=_receiver),
        ]

    def _send(self, call: Call[OfficialAccount]) -> Outcome:
        account = call.holder
        openid = call.text("touser", missing=40003)
        person = account.person_of(openid)
        if person is None:
            raise ApiError(40003)
        message = self._message(call)
        self._check_reachable(account, person)
        match account.quota.take(openid, now=call.now):
            case Verdict.CLOSED:
                raise ApiError(45015)
            case Verdict.EXHAUSTED:
                raise ApiError(45047)
        return Outcome(
            via="custom_send",
            delivered=(Delivered(person=person, message=message),),
            then=lambda: self._stop_typing(account, openid, person),
        )

    def _message(self, call: Call[OfficialAccount]) -> Shown:
        kind = call.text("msgtype", missing=40008)
        if kind not in self._kinds:
            raise ApiError(40008, kind)
        return self._kinds[kind](call.part(kind, missing=40035), call)

    def _check_reachable(self, account: OfficialAccount, person: str) -> None:
        if person not in account.followers:
            raise ApiError(self._rules.unfollowed_errcode)
        if person in account.blacklist:
            raise ApiError(43019)
        if person in account.refusing:
            raise ApiError(48002)

    def _typing(self, call: Call[OfficialAccount]) -> Outcome:
        account = call.holder
        openid = call.text("touser", missing=40003)
        person = account.person_of(openid)
        if person is None or person not in account.followers:
            raise ApiError(40003)
        command = call.text("command", missing=40035)
        if command not in ("Typing", "CancelTyping"):
            raise ApiError(40035, "command")
        if command == "CancelTyping":
            return Outcome(then=lambda: self._stop_typing(account, openid, person))
        if call.now > account.last_act.get(openid, float("-inf")) + _TYPING_WINDOW_SECONDS:
            raise ApiError(45080)
        if call.now < account.typing_since.get(openid, float("-inf")) + _TYPING_SECONDS:
            raise ApiError(45081)
        account.typing_since[openid] = call.now
        return Outcome(then=lambda: self._chats.tell((account.name, person), {"event": "typing", "typing": True}))

    def _stop_typing(self, account: OfficialAccount, openid: str, person: str) -> None:
        if account.typing_since.pop(openid, None) is not None:
            self._chats.tell((account.name, person), {"event": "typing", "typing": False})

    def _text(self, payload: dict[str, Any], call: Call[OfficialAccount]) -> Shown:
        content = payload.get("content")
        if not isinstance(content, str):
            raise ApiError(44004 if content is None else 47001)
        if not content:
            raise ApiError(44004)
        if len(content.encode()) > TEXT_BYTES:
            raise ApiError(45002)
        return shown.text(content)

    def _video(self, payload: dict[str, Any], call: Call[OfficialAccount]) -> Shown:
        media_id = _media(payload, "media_id", call)
        title, description = str(payload.get("title") or ""), str(payload.get("description") or "")
        return shown.media("video", media_id, title=title, description=description)

    def _music(self, payload: dict[str, Any], call: Call[OfficialAccount]) -> Shown:
        _media(payload, "thumb_media_id", call)
        return shown.card("music", payload)

    def _news(self, payload: dict[str, Any], call: Call[OfficialAccount]) -> Shown:
        articles = payload.get("articles")
        if not isinstance(articles, list) or not articles or not all(isinstance(a, dict) for a in articles):
            raise ApiError(44003)
        if len(articles) > self._rules.custom_send_articles:
            raise ApiError(45008)
        return shown.news([{name: str(value) for name, value in article.items()} for article in articles])


def _media(payload: dict[str, Any], name: str, call: Call[OfficialAccount]) -> str:
    media_id = payload.get(name)
    if not isinstance(media_id, str) or call.holder.media.get(media_id, now=call.now) is None:
        raise ApiError(40007, name)
    return media_id


def _receiver(call: Call[OfficialAccount]) -> list[str]:
    openid = call.body.get("touser")
    person = call.account.person_of(openid) if call.account is not None and isinstance(openid, str) else None
    return [] if person is None else [person]


def _needs(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        if not isinstance(payload.get(name), str) or not payload[name]:
            raise ApiError(40035, name)
    return payload


def _menu(payload: dict[str, Any], call: Call[OfficialAccount]) -> Shown:
    choices = payload.get("list")
    if not isinstance(choices, list) or not choices or not all(isinstance(choice, dict) for choice in choices):
        raise ApiError(40035, "list")
    options = [{"id": str(choice.get("id", "")), "label": str(choice.get("content", ""))} for choice in choices]
    if not all(option["id"] and option["label"] for option in options):
        raise ApiError(40035, "list needs id and content")
    return shown.menu(str(payload.get("head_content") or ""), options, str(payload.get("tail_content") or ""))
