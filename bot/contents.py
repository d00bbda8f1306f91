"""The rooms of content with review, put together."""

from __future__ import annotations

from typing import Final

from bot.settings import Settings
from content.loader import load_precheck
from content.precheck import PieceCheck
from content.tree import Content
from content.value import value
from handlers.clock import Clock
from handlers.contents.checking import Checking
from handlers.contents.desk import ContentDesk
from handlers.contents.key_desk import ContentKeyDesk
from handlers.contents.reading import ContentReading
from handlers.contents.review import ReviewDesk
from handlers.contents.stopping import StopDesk
from handlers.contents.trial import Tester, TrialDesk
from storage.account_list import AccountList
from storage.content_drafts import ContentDrafts
from storage.content_moves import ContentMoves
from storage.content_pictures import ContentPictures
from storage.content_stops import ContentStops
from storage.content_trials import ContentTrials
from storage.contents import Contents
from storage.database import Database
from storage.organisation import Organisation
from storage.staff_list import StaffList

#: Where anybody fetches pictures of content that may go out, before the digest.
PICTURES: Final = "/content/pictures/"


@value
class ContentRooms:
    """Everything that is done with content."""

    reading: ContentReading
    desk: ContentDesk
    review: ReviewDesk
    stopping: StopDesk
    trial: TrialDesk
    keys: ContentKeyDesk


def build_contents(
    database: Database, *, clock: Clock, settings: Settings, content: Content | None = None
) -> ContentRooms:
    """Return the rooms over one database; without `content` the home's rules are read. Raises ContentError."""
    rules, version = load_precheck(settings.home) if content is None else (content.precheck, content.version)
    contents, pictures = Contents(database), ContentPictures(database)
    check = PieceCheck(rules, hosts=settings.contents.link_hosts)
    checking = Checking(check, pictures=pictures, rules=version)
    moves, stops = ContentMoves(database), ContentStops(database)
    return ContentRooms(
        reading=ContentReading(contents=contents, stops=stops, pictures=pictures, clock=clock),
        desk=ContentDesk(
            contents=contents,
            drafts=ContentDrafts(database),
            moves=moves,
            pictures=pictures,
            checking=checking,
            clock=clock,
        ),
        review=ReviewDesk(contents=contents, moves=moves, checking=checking, clock=clock),
        stopping=StopDesk(stops, clock=clock),
        trial=TrialDesk(
            trials=ContentTrials(database),
            accounts=AccountList(database),
            testers=[_tester(each) for each in settings.contents.testers],
            pictures_url=_pictures_url(settings),
            version=version,
            clock=clock,
        ),
        keys=ContentKeyDesk(
            organisation=Organisation(database), staff=StaffList(database), contents=contents, clock=clock
        ),
    )


def _tester(written: str) -> Tester:
    account, _, person = written.partition(":")
    return Tester(account=account, person=person)


def _pictures_url(settings: Settings) -> str:
    base = settings.contents.public_url or settings.console.public_url
    return f"{base}{PICTURES}" if base else ""
