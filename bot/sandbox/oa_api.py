"""Followers, menus, QR codes, media and the rest of what official accounts call.

WeChat doc: user management, custom menus, parametric QR codes, temporary media.
"""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import Any

import segno

from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import ApiRoute, Call, Outcome
from bot.sandbox.media import GIF, JPEG, PNG, check_picture
from bot.sandbox.menus import check_menu
from bot.sandbox.oa_tags_api import page_after
from bot.sandbox.world import OfficialAccount, QrCode, World

_PAGE = 10_000
_BATCH = 100
_MAX_CODE_SECONDS = 2_592_000
_DEFAULT_CODE_SECONDS = 30
_TEMPORARY = {"QR_SCENE": "scene_id", "QR_STR_SCENE": "scene_str"}
_PERMANENT = {"QR_LIMIT_SCENE": "scene_id", "QR_LIMIT_STR_SCENE": "scene_str"}


class OfficialApi:
    """The server APIs of official accounts besides tokens and messages."""

    def __init__(self, *, world: World, page: int = _PAGE, image_bytes: int = 10 << 20) -> None:
        """`page`: so many followers are listed at once. `image_bytes`: so large an uploaded picture may be."""
        self._world = world
        self._page = page
        self._image_bytes = image_bytes

    def routes(self) -> list[ApiRoute[OfficialAccount]]:
        """Return the routes of this family."""
        return [
            ApiRoute(method="GET", path="/cgi-bin/user/info", handle=self._user_info),
            ApiRoute(method="POST", path="/cgi-bin/user/info/batchget", handle=self._batch),
            ApiRoute(method="GET", path="/cgi-bin/user/get", handle=self._followers),
            ApiRoute(method="GET", path="/cgi-bin/getcallbackip", handle=_callback_ip),
            ApiRoute(method="POST", path="/cgi-bin/menu/create", handle=_create_menu),
            ApiRoute(method="GET", path="/cgi-bin/menu/get", handle=_get_menu),
            ApiRoute(method="GET", path="/cgi-bin/menu/delete", handle=_delete_menu),
            ApiRoute(method="POST", path="/cgi-bin/qrcode/create", handle=_create_code),
            ApiRoute(method="GET", path="/cgi-bin/showqrcode", handle=self._show_code, token=False),
            ApiRoute(method="POST", path="/cgi-bin/media/upload", handle=self._upload, upload=True),
            ApiRoute(method="GET", path="/cgi-bin/media/get", handle=self._media),
        ]

    def _user_info(self, call: Call[OfficialAccount]) -> Outcome:
        openid = call.query.get("openid")
        if not openid:
            raise ApiError(41009)
        return Outcome(payload=self._info(call.holder, openid), bare=True)

    def _batch(self, call: Call[OfficialAccount]) -> Outcome:
        users = call.body.get("user_list")
        if not isinstance(users, list) or not users or len(users) > _BATCH:
            raise ApiError(40035, f"user_list needs 1 to {_BATCH} entries")
        openids = [user.get("openid") if isinstance(user, dict) else None for user in users]
        if not all(isinstance(openid, str) for openid in openids):
            raise ApiError(40003)
        return Outcome(payload={"user_info_list": [self._info(call.holder, str(o)) for o in openids]}, bare=True)

    def _info(self, account: OfficialAccount, openid: str) -> dict[str, Any]:
        person = account.person_of(openid)
        if person is None:
            raise ApiError(40003)
        follower = account.followers.get(person)
        if follower is None:
            return {"subscribe": 0, "openid": openid}
        # Somebody of a crowd has no data of their own.
        known = self._world.people.get(person)
        unionid = known.unionid if known is not None else ""
        return {
            "subscribe": 1,
            "openid": openid,
            "language": "zh_CN",
            "subscribe_time": int(follower.since),
            **({"unionid": unionid} if unionid else {}),
            "remark": "",
            "groupid": 0,
            "tagid_list": account.tags_of(person),
            "subscribe_scene": "ADD_SCENE_QR_CODE" if follower.scene else "ADD_SCENE_SEARCH",
            "qr_scene": int(follower.scene) if follower.scene.isdecimal() else 0,
            "qr_scene_str": "" if follower.scene.isdecimal() else follower.scene,
        }

    def _followers(self, call: Call[OfficialAccount]) -> Outcome:
        openids = [call.holder.openid(person) for person in call.holder.followers]
        page, last = page_after(openids, call.query.get("next_openid", ""), size=self._page)
        payload: dict[str, Any] = {"total": len(openids), "count": len(page)}
        if page:
            payload["data"] = {"openid": page}
        return Outcome(payload={**payload, "next_openid": last}, bare=True)

    def _show_code(self, call: Call[OfficialAccount]) -> Outcome:
        ticket = call.query.get("ticket", "")
        code = next((a.codes[ticket] for a in self._world.official.values() if ticket in a.codes), None)
        if code is None:
            raise ApiError(40035, "ticket")
        return Outcome(file=(code_image(code), "image/png"))

    def _upload(self, call: Call[OfficialAccount]) -> Outcome:
        if call.upload is None:
            raise ApiError(41005)
        data, content_type = call.upload
        kind = call.query.get("type", "")
        if kind == "image":
            check_picture(data, begins=(JPEG, PNG, GIF), most_bytes=self._image_bytes)
        media = call.holder.media.add(data, type=kind, content_type=content_type, now=call.now)
        name = "thumb_media_id" if kind == "thumb" else "media_id"
        return Outcome(payload={"type": kind, name: media.media_id, "created_at": int(call.now)}, bare=True)

    def _media(self, call: Call[OfficialAccount]) -> Outcome:
        media_id = call.query.get("media_id")
        if not media_id:
            raise ApiError(41006)
        media = call.holder.media.get(media_id, now=call.now)
        if media is None:
            raise ApiError(40007)
        if media.type == "video":
            return Outcome(payload={"video_url": f"{self._world.public_url}/sandbox/media/{media_id}"}, bare=True)
        return Outcome(file=(media.data, media.content_type))


def code_image(code: QrCode) -> bytes:
    """Return the QR code as a PNG that a phone can scan."""
    image = io.BytesIO()
    segno.make(code.url, error="m", micro=False).save(image, kind="png", scale=8, border=2)
    return image.getvalue()


def _callback_ip(call: Call[OfficialAccount]) -> Outcome:
    return Outcome(payload={"ip_list": ["127.0.0.1"]}, bare=True)


def _create_menu(call: Call[OfficialAccount]) -> Outcome:
    buttons = check_menu(call.body.get("button"))
    call.holder.menu = buttons
    return Outcome(kept={"menu": buttons})


def _get_menu(call: Call[OfficialAccount]) -> Outcome:
    if not call.holder.menu:
        raise ApiError(46003)
    return Outcome(payload={"menu": {"button": call.holder.menu}}, bare=True)


def _delete_menu(call: Call[OfficialAccount]) -> Outcome:
    call.holder.menu = []
    return Outcome(kept={"menu": []})


def _create_code(call: Call[OfficialAccount]) -> Outcome:
    action = call.text("action_name", missing=40053)
    names = {**_TEMPORARY, **_PERMANENT}
    info = call.part("action_info", missing=40053).get("scene")
    if action not in names or not isinstance(info, dict):
        raise ApiError(40053)
    scene = info.get(names[action])
    if names[action] == "scene_id" and (not isinstance(scene, int) or isinstance(scene, bool) or scene < 1):
        raise ApiError(40053, "scene_id")
    if names[action] == "scene_str" and (not isinstance(scene, str) or not 1 <= len(scene) <= 64):
        raise ApiError(40053, "scene_str")
    if action in _PERMANENT:
        code = call.holder.code(str(scene), ends=None)
        return Outcome(payload={"ticket": code.ticket, "url": code.url}, kept={"code": asdict(code)}, bare=True)
    seconds = call.body.get("expire_seconds", _DEFAULT_CODE_SECONDS)
    if not isinstance(seconds, int) or not 1 <= seconds <= _MAX_CODE_SECONDS:
        raise ApiError(40035, "expire_seconds")
    code = call.holder.code(str(scene), ends=call.now + seconds)
    payload = {"ticket": code.ticket, "expire_seconds": seconds, "url": code.url}
    return Outcome(payload=payload, kept={"code": asdict(code)}, bare=True)
