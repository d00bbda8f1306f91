"""What the platforms accept as a menu. WeChat doc: custom menus; WeCom doc: create a menu."""

from __future__ import annotations

from typing import Any

from bot.sandbox.errors import ApiError

_TOP_BUTTONS = 3
_SUB_BUTTONS = 5
#: What each kind of button needs besides its name.
_NEEDS = {
    "click": ("key",),
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "view_miniprogram": ("appid", "pagepath"),
    "scancode_push": ("key",),
    "scancode_waitmsg": ("key",),
    "pic_sysphoto": ("key",),
    "pic_photo_or_album": ("key",),
    "pic_weixin": ("key",),
    "location_select": ("key",),
    "media_id": ("media_id",),
    "view_limited": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}


def check_menu(buttons: object) -> list[dict[str, Any]]:
    """Return `buttons` when they are a menu.

    Raises:
        ApiError: 40016 too many or none, 40017 unknown kind, 40018 no name, 40019 no key, 40020 no url.
    """
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= _TOP_BUTTONS:
        raise ApiError(40016)
    for button in buttons:
        children = button.get("sub_button") if isinstance(button, dict) else None
        if children:
            if not isinstance(children, list) or len(children) > _SUB_BUTTONS:
                raise ApiError(40016, "sub_button")
            _check_name(button)
            for child in children:
                _check_button(child)
        else:
            _check_button(button)
    return buttons


def _check_name(button: object) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("name"), str) or not button["name"]:
        raise ApiError(40018)


def _check_button(button: Any) -> None:
    _check_name(button)
    kind = button.get("type")
    if kind not in _NEEDS:
        raise ApiError(40017)
    for name in _NEEDS[kind]:
        if not isinstance(button.get(name), str) or not button[name]:
            raise ApiError(40020 if name == "url" else 40019, name)
