"""Menu buttons that bring a material or an article by themselves: the platform shows it, and the bot learns nothing.

WeChat doc: custom menus (media_id, article_id). Their siblings view_limited and article_view_limited open the article,
which leaves nothing in the chat.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox import shown
from bot.sandbox.control_json import Input
from bot.sandbox.errors import ControlError
from bot.sandbox.shown import Shown
from bot.sandbox.world import OfficialAccount

_MEDIA = frozenset({"image", "voice", "video"})
_ARTICLE_URL = "https://mp.weixin.qq.com/s/"


class MaterialTap(Input):
    """A tap on a button of the account's menu: `id` is its media_id or article_id."""

    account: str
    person: str
    id: str


def material(tap: MaterialTap, account: OfficialAccount, *, now: float) -> Shown:
    """Return what the tapped button brings: the file that the platform has, or else a card of the article.

    Raises:
        ControlError: 404 the menu has no such button (any more).
    """
    button = next((leaf for leaf in _leaves(account.menu) if _brings(leaf, tap.id)), None)
    if button is None:
        raise ControlError(404, f"「{account.config.title}」的菜单里没有带 {tap.id} 的素材按钮")
    file = account.media.get(tap.id, now=now)
    if file is not None and file.type in _MEDIA:
        return shown.media(file.type, file.media_id)
    # The sandbox keeps no permanent materials and no published articles; of an article the menu knows the name alone.
    return shown.news([{"title": button["name"], "description": "", "url": _ARTICLE_URL + tap.id, "picurl": ""}])


def _brings(button: dict[str, Any], identifier: str) -> bool:
    # These two kinds are called as the field that names what they bring.
    kind = button.get("type")
    return kind in ("media_id", "article_id") and button[kind] == identifier


def _leaves(menu: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [leaf for button in menu for leaf in button.get("sub_button") or [button]]
