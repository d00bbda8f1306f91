"""Links of content: https only, to hosts that the insurer allows, without anything that hides where they lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from content.finding import Finding
from content.piece import Piece
from content.piece_template import place_in
from content.violations import Severity

#: What WeChat makes a link of in a text; so much as may belong to it is taken.
_LINK: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,20}:)?//[^\s，。；！？、）】》”]+|\bwww\.[^\s，。；！？、）】》”]+", re.IGNORECASE
)
_MARKUP: Final = re.compile(r"<\s*/?\s*[a-z][^>]*>?", re.IGNORECASE)
_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
#: Findings of markup in one field; there is one for each hit.
_MOST: Final = 100
_LABEL: Final = "链接"


class LinkCheck:
    """Knows the hosts: `www.example.com`, or `*.example.com` for every host below."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)

    def find(self, piece: Piece) -> Iterator[Finding]:
        """Yield what is wrong with the links of all variants, and with markup in their words."""
        for letter, variant in sorted(piece.variants.items()):
            if "url" in piece.fields and variant.url and (why := self.why_not(variant.url)) is not None:
                yield _found(letter, "url", 1, 1, variant.url, why)
        for letter, field, source in piece.texts():
            for hit in islice(_MARKUP.finditer(source), _MOST):
                line, column = place_in(source, hit.start())
                what = "文字里不能写 HTML 标签"
                yield _found(letter, field, line, column, hit[0][:200], (what, "请删去，链接直接写网址"))
            for hit in _LINK.finditer(source):
                why = self.why_not(hit[0])
                if why is not None:
                    line, column = place_in(source, hit.start())
                    yield _found(letter, field, line, column, hit[0], why)

    def why_not(self, address: str) -> tuple[str, str] | None:
        """Return what is wrong with an address and how to mend it; None when it may stand there."""
        if "{" in address or "}" in address:
            return "链接里有变量", "链接必须是固定的网址"
        if not address.lower().startswith("https://"):
            return "链接不是 https", "请用 https:// 开头的网址"
        if not address.isascii() or "\\" in address or any(char.isspace() for char in address):
            return "链接里有不该有的字符", "只用 ASCII 字符，其余按百分号编码"
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return "链接的格式不对", "请重新复制网址"
        if parts.username is not None or port not in (None, 443):
            return "链接里有用户名或端口", "请用公开页面的网址"
        if not _HOST.fullmatch(host):
            return "链接没有域名", "请用公司网站的域名"
        above = {"*" + host[at:] for at, char in enumerate(host) if char == "."}
        if not ({host} | above) & self._hosts:
            return f"{host} 不在允许的域名里", "请换成允许的域名，或请管理员加进 contents.link_hosts"
        return None


def _found(variant: str, field: str, line: int, column: int, quote: str, why: tuple[str, str]) -> Finding:
    return Finding(
        category="link",
        label=_LABEL,
        severity=Severity.CRITICAL,
        variant=variant,
        field=field,
        line=line,
        column=column,
        quote=quote,
        what=why[0],
        mend=why[1],
    )
