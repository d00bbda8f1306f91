"""What WeCom's sign-in shows in the sandbox: whom one can be, or why it goes no further."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from aiohttp import web

from bot.sandbox.phone.phone import CONTENT_SECURITY_POLICY
from bot.sandbox.world import WecomApp

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>{title}</title>
<link rel="icon" href="/phone/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/phone/static/sign_in.css">
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def choosing_page(app: WecomApp, query: Mapping[str, str]) -> web.Response:
    """Return the page on which one picks who one is; its links are the same address with a `choice`."""
    members = "\n".join(
        f'<li><a href="{_link(query, f"member:{member.userid}")}">'
        f'<span class="avatar" aria-hidden="true">{escape(member.name[-2:])}</span>'
        f'<span class="name">{escape(member.name)}</span><span class="id">{escape(member.userid)}</span></a></li>'
        for member in app.corp.members
    )
    content = f"""<p>登录「{escape(app.config.title)}」，请选择身份：</p>
<ul>
{members}
</ul>
<p class="others">
<a href="{_link(query, "guest")}">我不是企业成员</a>
<a href="{_link(query, "refuse")}">取消登录</a>
</p>
<p class="note">这是沙箱里的页面。真实的企业微信会识别登录者，或请登录者扫码。</p>"""
    return _page("企业微信登录", content, status=200)


def refusing_page(sentence: str) -> web.Response:
    """Return the page that says why one cannot sign in."""
    return _page("无法登录", f'<p role="alert">{escape(sentence)}</p>', status=400)


def _page(title: str, content: str, *, status: int) -> web.Response:
    text = _PAGE.format(title=title, content=content)
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=_HEADERS)


def _link(query: Mapping[str, str], choice: str) -> str:
    return escape("?" + urlencode({**query, "choice": choice}))
