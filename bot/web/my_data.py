"""The page on which customers download their own data: a link of 256 random bits, a button, a file, once."""

from __future__ import annotations

import json
from html import escape
from typing import Final

from aiohttp import web

from handlers.privacy.own_data import PATH, OwnData

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
_PAGE: Final = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>我的数据</title><style>
body{{font:16px/1.7 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.25rem;color:#1c2733}}
button{{font:inherit;padding:.7rem 1.6rem;border:0;border-radius:.5rem;background:#14532d;color:#fff}}
p{{margin:0 0 1.2rem}}</style></head><body><main><h1>我的数据</h1>{body}</main></body></html>"""
_GOOD: Final = """<p>文件里有您的聊天记录（双方）、授权、负责人、来源、标签、待办、人工服务和保单绑定，
格式是 JSON。</p>
<p>只能下载一次，请妥善保存，不要转发。</p>
<form method="post"><button type="submit">下载</button></form>"""
_OVER: Final = "<p>这个链接已经用过或者过期了。请在聊天里再发送「导出我的数据」，会给您一个新的。</p>"


class MyDataPage:
    """Shows the button and gives the file. A look alone uses nothing up: messengers look at links by themselves."""

    def __init__(self, own_data: OwnData) -> None:
        self._own_data = own_data

    def mount(self, app: web.Application) -> None:
        """Put the page below `app`."""
        app.router.add_get(f"{PATH}/{{secret}}", self.show, allow_head=False)
        app.router.add_post(f"{PATH}/{{secret}}", self.give)

    async def show(self, request: web.Request) -> web.Response:
        """Return the page with the button, or that the link is over."""
        is_good = await self._own_data.is_good(request.match_info["secret"])
        return _page(_GOOD if is_good else _OVER, status=200 if is_good else 410)

    async def give(self, request: web.Request) -> web.Response:
        """Return the file, and never again."""
        found = await self._own_data.download(request.match_info["secret"])
        if found is None:
            return _page(_OVER, status=410)
        headers = _HEADERS | {
            "Content-Disposition": f'attachment; filename="my-data-{escape(str(found["customer"]))}.json"'
        }
        body = json.dumps(found, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        return web.Response(body=body, content_type="application/json", headers=headers)


def _page(body: str, *, status: int) -> web.Response:
    html = _PAGE.format(body=body)
    return web.Response(text=html, status=status, content_type="text/html", charset="utf-8", headers=_HEADERS)
