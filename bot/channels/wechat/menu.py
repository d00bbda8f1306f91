"""An authored menu in the official account's own fields (WeChat doc: custom menu)."""

from __future__ import annotations

from typing import Any

from content.menu import Button, Menu, SubButton


def platform_buttons(menu: Menu) -> list[dict[str, Any]]:
    """Return the `button` list of menu/create: click for a key, view for an address, sub_button for children."""
    return [_button(button) for button in menu.buttons]


def _button(button: Button) -> dict[str, Any]:
    if button.children:
        return {"name": button.label, "sub_button": [_leaf(child) for child in button.children]}
    return _leaf(button)


def _leaf(button: Button | SubButton) -> dict[str, Any]:
    if button.url:
        return {"type": "view", "name": button.label, "url": str(button.url)}
    return {"type": "click", "name": button.label, "key": button.key}
