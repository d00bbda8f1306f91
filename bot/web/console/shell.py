"""The frame around every page: navigation, language, who is signed in; and the templates that fill it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.web.console.cookies import LanguageCookie
from bot.web.console.forgery import FIELD
from bot.web.console.moments import Moments
from bot.web.console.pages import ROOT, Page, navigation
from bot.web.console.static_files import StaticFiles
from bot.web.console.visit import Visit, Visitor
from bot.web.console.words import Words
from handlers.people.sign_in import SignedIn

FOLDER: Final = Path(__file__).parent / "templates"


class Shell:
    """Renders pages for whoever asks."""

    def __init__(
        self,
        pages: Sequence[Page],
        *,
        words: dict[str, Words],
        static: StaticFiles,
        moments: Moments,
        language: LanguageCookie,
    ) -> None:
        self._pages = pages
        self._words = words
        self._moments = moments
        self._language = language
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(root=ROOT, static=static.address, csrf_field=FIELD)

    def visitor(self, request: web.Request) -> Visitor:
        """Return whoever asks."""
        return Visitor(request, words=self._words[self._language.read(request)], renderer=self)

    def visit(self, request: web.Request, signed_in: SignedIn) -> Visit:
        """Return somebody who is signed in."""
        return Visit(request, signed_in, words=self._words[self._language.read(request)], renderer=self)

    def first_page(self, visit: Visit) -> Page | None:
        """Return where somebody begins; None when there is no page for them."""
        return next(iter(navigation(self._pages, visit.viewer)), None)

    def render(self, visit: Visitor, template: str, values: dict[str, Any]) -> str:
        """Return HTML. What the templates find beside `values` is listed in `docs/console.md`."""
        words, moments, signed_in = visit.words, self._moments, visit.signed_in
        return self._environment.get_template(template).render(
            {
                "t": words,
                "language": words.language,
                "tag": words.tag,
                "here": visit.request.path,
                "address": visit.request.raw_path,
                "signed_in": signed_in,
                "navigation": [] if signed_in is None else navigation(self._pages, signed_in.viewer),
                "csrf": visit.token,
                "moment": lambda at: moments.moment(words, at),
                "day": lambda at: moments.day(words, at),
                "minute": moments.minute,
                "exact": moments.exact,
                **values,
            }
        )
