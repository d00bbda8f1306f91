"""What a page is: a path, the one permission it asks for, and who answers. Routes and navigation are made of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web

from bot.web.console.visit import Visit
from content.rights import Permission
from content.value import value
from storage.viewer import Viewer

#: Where the console is mounted; every path of a page begins after it.
ROOT: Final = "/console"
PageHandler = Callable[[Visit], Awaitable[web.StreamResponse]]


@value
class Page:
    """One address of the console."""

    #: Below ROOT, in the form of aiohttp's routes: "/customers/{customer}".
    path: str
    permission: Permission
    handler: PageHandler
    #: Key of its title in the words.
    title: str
    method: str = "GET"
    #: Name of the symbol in `templates/symbols.html`. A page with one stands in the navigation.
    icon: str | None = None

    @property
    def address(self) -> str:
        """The path from the host's root on."""
        return f"{ROOT}{self.path}"


def navigation(pages: Iterable[Page], viewer: Viewer) -> list[Page]:
    """Return the pages that a viewer finds in the navigation, in their order."""
    return [page for page in pages if page.icon is not None and viewer.may(page.permission)]
