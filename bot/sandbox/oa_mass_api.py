"""Mass sends of official accounts: by list, tag or to all, preview, state, deletion. WeChat doc: mass send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.sandbox import shown
from bot.sandbox.drafts import Draft
from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import ApiRoute, Call, Delivered, Outcome
from bot.sandbox.mass_book import PREVIEW, SEND, SENDALL, Mass, MassState, key_of
from bot.sandbox.mass_sender import MassSender
from bot.sandbox.shown import TEXT_BYTES, Shown
from bot.sandbox.world import OfficialAccount

_LEAST, _MOST = 2, 10_000
_KEY_BYTES = 64
#: The same key again sooner than this is too fast (45066).
_AGAIN_SECONDS = 60.0
#: Only what has pages can be taken back.
_DELETABLE = frozenset({"mpnews", "mpvideo"})


class OfficialMassApi:
    """The server APIs of mass sends."""

    def __init__(self, sender: MassSender) -> None:
        self._sender = sender

    def routes(self) -> list[ApiRoute[OfficialAccount]]:
        """Return the routes of this family."""
        return [
            ApiRoute(method="POST", path=SEND, handle=self._send),
            ApiRoute(method="POST", path=SENDALL, handle=self._send_all),
            ApiRoute(method="POST", path=PREVIEW, handle=_preview),
            ApiRoute(method="POST", path="/cgi-bin/message/mass/get", handle=_get),
            ApiRoute(method="POST", path="/cgi-bin/message/mass/delete", handle=_delete),
        ]

    def _send(self, call: Call[OfficialAccount]) -> Outcome:
        if call.holder.config.kind == "subscription":
            raise ApiError(48001)
        openids = call.body.get("touser")
        if not isinstance(openids, list) or not all(isinstance(openid, str) for openid in openids):
            raise ApiError(40031)
        if not _LEAST <= len(openids) <= _MOST:
            raise ApiError(40032, f"{_LEAST} to {_MOST}")
        people = [person for openid in dict.fromkeys(openids) if (person := call.holder.person_of(openid)) is not None]
        if not people:
            raise ApiError(40003)
        return self._accept(call, people)

    def _send_all(self, call: Call[OfficialAccount]) -> Outcome:
        target, account = call.part("filter", missing=40035), call.holder
        if target.get("is_to_all") is True:
            return self._accept(call, list(account.followers), to_all=True)
        tag_id = target.get("tag_id")
        if not isinstance(tag_id, int) or tag_id not in account.tags:
            raise ApiError(45159)
        return self._accept(call, [person for person in account.tags[tag_id].people if person in account.followers])

    def _accept(self, call: Call[OfficialAccount], people: Sequence[str], *, to_all: bool = False) -> Outcome:
        message, key = _message(call), _key(call)
        before = call.holder.mass.repeated(key, now=call.now)
        if before is not None and call.now < before.tried_at + _AGAIN_SECONDS:
            raise ApiError(45066)
        if before is not None:
            raise ApiError(45065, payload={"msg_id": before.mass.id})
        if to_all:
            if not call.holder.mass.may_go_to_all(now=call.now):
                raise ApiError(45028)
            call.holder.mass.note_to_all(now=call.now)
        mass = call.holder.mass.add(message, people, key=key, now=call.now)
        kept = {"key": key, "people": list(people), "message": message.described(), "to_all": to_all}
        return Outcome(
            payload={"msg_id": mass.id, "msg_data_id": mass.id + 1_000_000_000},
            kept={"mass": kept},
            then=lambda: self._sender.start(call.holder, mass),
        )


def _key(call: Call[OfficialAccount]) -> str:
    key = call.body.get("clientmsgid")
    if key is None or key == "":
        return key_of(call.body)
    if not isinstance(key, str):
        raise ApiError(47001, "clientmsgid must be a string")
    if len(key.encode()) > _KEY_BYTES:
        raise ApiError(45067)
    return f"client:{key}"


def _preview(call: Call[OfficialAccount]) -> Outcome:
    person = call.holder.person_of(call.text("touser", missing=40003))
    if person is None or person not in call.holder.followers:
        raise ApiError(40003)
    message = _message(call)
    number = call.holder.mass.next_id()
    return Outcome(
        via="mass_preview",
        delivered=(Delivered(person=person, message=message),),
        payload={"msg_id": number},
        kept={"mass_preview": number},
    )


def _get(call: Call[OfficialAccount]) -> Outcome:
    mass = _mass(call)
    return Outcome(payload={"msg_id": mass.id, "msg_status": str(mass.state)}, bare=True)


def _delete(call: Call[OfficialAccount]) -> Outcome:
    mass = _mass(call)
    if mass.message.kind not in _DELETABLE:
        raise ApiError(40008, "only mpnews and mpvideo can be deleted")
    mass.state = MassState.DELETED
    return Outcome(kept={"mass_deleted": mass.id})


def _mass(call: Call[OfficialAccount]) -> Mass:
    mass_id = call.body.get("msg_id")
    # As a number or as its digits: both stand in the documents.
    number = int(mass_id) if isinstance(mass_id, str) and mass_id.isdecimal() else mass_id
    mass = call.holder.mass.get(number) if isinstance(number, int) else None
    if mass is None:
        raise ApiError(40035, "msg_id")
    return mass


def _message(call: Call[OfficialAccount]) -> Shown:
    kinds: dict[str, Callable[[dict[str, Any], Call[OfficialAccount]], Shown]] = {
        "text": _text,
        "mpnews": _articles,
        "images": _images,
        "image": _images,
        "voice": lambda part, call: shown.media("voice", _media(part.get("media_id"), call)),
        "mpvideo": lambda part, call: shown.media("mpvideo", _media(part.get("media_id"), call)),
    }
    kind = call.text("msgtype", missing=40008)
    if kind not in kinds:
        raise ApiError(40008, kind)
    # A picture's type is `image`, its part `images`.
    return kinds[kind](call.part("images" if kind == "image" else kind, missing=40035), call)


def _text(part: dict[str, Any], _: Call[OfficialAccount]) -> Shown:
    content = part.get("content")
    if not isinstance(content, str) or not content:
        raise ApiError(44004)
    if len(content.encode()) > TEXT_BYTES:
        raise ApiError(45002)
    return shown.text(content)


def _articles(part: dict[str, Any], call: Call[OfficialAccount]) -> Shown:
    draft: Draft | None = call.holder.drafts.get(str(part.get("media_id") or ""))
    if draft is None:
        raise ApiError(40007, "media_id")
    return shown.news([dict(article) for article in draft.articles], kind="mpnews")


def _images(part: dict[str, Any], call: Call[OfficialAccount]) -> Shown:
    ids = part.get("media_ids")
    if not isinstance(ids, list) or not ids:
        raise ApiError(40007, "media_ids")
    pictures = [_media(media_id, call) for media_id in ids]
    # A phone draws the first; the record has all.
    return Shown(kind="image", details={"media_id": pictures[0], "media_ids": pictures})


def _media(media_id: object, call: Call[OfficialAccount]) -> str:
    if not isinstance(media_id, str) or call.holder.media.get(media_id, now=call.now) is None:
        raise ApiError(40007)
    return media_id
