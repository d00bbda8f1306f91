"""One request to the console: who asks, in which language, and how it is answered."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from aiohttp import web

from bot.web.console.words import Words
from handlers.people.sign_in import SignedIn
from storage.viewer import Viewer

#: What the session's middleware found: who is signed in, None when nobody is.
SIGNED_IN: Final = web.RequestKey("signed_in", SignedIn | None)  # type: ignore[arg-type]
#: The token that a POST of this session must carry.
TOKEN: Final = web.RequestKey("token", str)
#: Every id fits into the databases' 64 bits.
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class Renderer(Protocol):
    """Turns a template into a page."""

    def render(self, visit: Visitor, template: str, values: dict[str, Any]) -> str:
        """Return HTML."""
        ...


class Visitor:
    """Anybody, signed in or not."""

    def __init__(self, request: web.Request, *, words: Words, renderer: Renderer) -> None:
        self.request = request
        self.words = words
        self._renderer = renderer

    @property
    def signed_in(self) -> SignedIn | None:
        """Who it is; None when nobody is signed in, or the session could not be looked up."""
        found: SignedIn | None = self.request.get(SIGNED_IN)
        return found

    @property
    def token(self) -> str:
        """What a form sends back to show that it is ours; empty without a session."""
        return str(self.request.get(TOKEN, ""))

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks, for a part of a page."""
        return self.request.headers.get("HX-Request") == "true"

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return a page or a part of one."""
        html = self._renderer.render(self, template, values)
        return web.Response(text=html, status=status, content_type="text/html", charset="utf-8")

    def redirect(self, address: str) -> web.Response:
        """Return the way to another page. Only addresses of our own: `local_path` judges those of others."""
        if self.is_partial:
            # htmx would put the page it is led to into the middle of this one.
            return web.Response(status=401, headers={"HX-Redirect": address})
        return web.Response(status=303, headers={"Location": address})

    def query(self, name: str) -> str:
        """Return a parameter without surrounding blanks and without control characters; "" when it is missing."""
        text = self.request.query.get(name, "")
        # PostgreSQL takes no NUL in a text, and nobody means one.
        return "".join(char for char in text if char.isprintable()).strip()

    def query_number(self, name: str) -> int | None:
        """Return a parameter as a number, None when it is missing. Raises HTTPBadRequest when it is none."""
        text = self.request.query.get(name)
        return None if text is None or text == "" else to_number(text)

    def path_number(self, name: str) -> int:
        """Return a part of the path as a number. Raises HTTPNotFound when it is none."""
        text = self.request.match_info[name]
        if not _NUMBER.fullmatch(text):
            raise web.HTTPNotFound
        return int(text)


class Visit(Visitor):
    """Somebody who is signed in."""

    def __init__(self, request: web.Request, signed_in: SignedIn, *, words: Words, renderer: Renderer) -> None:
        super().__init__(request, words=words, renderer=renderer)
        self.session = signed_in

    @property
    def viewer(self) -> Viewer:
        """Whose eyes these are."""
        return self.session.viewer


def to_number(text: str) -> int:
    """Return an id that stands in an address. Raises HTTPBadRequest when it is none."""
    if not _NUMBER.fullmatch(text):
        raise web.HTTPBadRequest
    return int(text)
