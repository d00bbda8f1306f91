"""Builds the console: one aiohttp application, to be mounted at `/console`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.people import People
from bot.settings import Settings
from bot.web.console.audit_pages import AuditPages
from bot.web.console.benefit_code_pages import BenefitCodePages
from bot.web.console.benefit_pages import BenefitPages
from bot.web.console.content_editor import ContentEditor
from bot.web.console.content_pages import ContentPages
from bot.web.console.content_preview import Previews
from bot.web.console.cookies import LanguageCookie, SessionCookie
from bot.web.console.customer_pages import CustomerPages
from bot.web.console.guard import Guard
from bot.web.console.moments import Moments
from bot.web.console.pages import Page
from bot.web.console.privacy_pages import PrivacyPages
from bot.web.console.review_pages import ReviewPages
from bot.web.console.sayings import Mask, Sayings
from bot.web.console.segment_pages import SegmentPages
from bot.web.console.shell import Shell
from bot.web.console.sign_in_pages import SignInPages
from bot.web.console.static_files import StaticFiles
from bot.web.console.words import load_words
from handlers.clock import Clock
from handlers.people.sign_in import SignInConfig


def built_in_pages(people: People, *, mask: Mask = str) -> list[Page]:
    """Return the pages that need nothing but the people's rooms, in the order of the navigation."""
    previews = Previews()
    return [
        *CustomerPages(
            people.reading,
            policies=people.policies,
            callbacks=people.callbacks,
            facts=people.facts,
            wishes=people.wishes,
            sayings=Sayings(mask=mask),
            marketing=people.marketing,
        ).pages(),
        *ContentEditor(people.contents, previews=previews, marketing=people.marketing).pages(),
        *ContentPages(people.contents, previews=previews).pages(),
        *ReviewPages(people.contents, previews=previews).pages(),
        *SegmentPages(people.segments, shelf=people.shelf).pages(),
        *BenefitPages(people.benefits).pages(),
        *BenefitCodePages(people.counter, people.benefits).pages(),
        *PrivacyPages(people.wishes).pages(),
        *AuditPages(people.office).pages(),
    ]


def build_console(
    people: People,
    *,
    clock: Clock,
    settings: Settings,
    pages: Sequence[Page] = (),
    mask: Mask = str,
    wecom_start: Handler | None = None,
    wecom_return: Handler | None = None,
) -> web.Application:
    """Return the console as an application below `/console`.

    `pages`: those of other rooms, shown before the built-in ones. `mask` sees every word of a conversation before it is
    shown. `wecom_start` leads to WeCom's own sign-in, `wecom_return` is where it leads back to; without them there is
    no button for it. Raises WordsError when the two languages do not fit each other.
    """
    public_url = settings.console.public_url
    session, language = SessionCookie(public_url), LanguageCookie(public_url)
    all_pages = [*pages, *built_in_pages(people, mask=mask)]
    static = StaticFiles()
    shell = Shell(all_pages, words=load_words(), static=static, moments=Moments(clock), language=language)
    guard = Guard(people.sign_in, cookie=session, shell=shell, public_url=public_url)
    doors = SignInPages(
        people.sign_in,
        shell=shell,
        guard=guard,
        session=session,
        language=language,
        config=SignInConfig(
            failures=settings.console.failures, locked=timedelta(minutes=settings.console.locked_minutes)
        ),
        has_wecom=wecom_start is not None,
    )
    app = web.Application(middlewares=guard.middlewares)
    app.router.add_get("/static/{name:.+}", static.serve)
    for method, path, handler in doors.routes():
        app.router.add_route(method, path, handler)
    for page in all_pages:
        app.router.add_route(page.method, page.path, guard.door(page))
    if wecom_start is not None:
        app.router.add_get("/wecom", wecom_start)
    if wecom_return is not None:
        app.router.add_get("/wecom/return", wecom_return)
    return app
