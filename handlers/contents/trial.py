"""Trying an approved version out on test followers, through the outbox and its governor like every other message."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from content.messages import encode_body
from content.piece_messages import message_of
from content.piece_template import Templates
from content.piece_values import Filling, NotFilled
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from storage.account_list import AccountList
from storage.audit import Deed
from storage.content_rows import ItemRow
from storage.content_trials import ContentTrials, TrialRow
from storage.letters import Letter
from storage.records import ReplyDraft
from storage.tables.delivery import TRIAL
from storage.viewer import Viewer


@value
class Tester:
    """A follower of an account who is one of the staff."""

    account: str
    person: str


class Tried(StrEnum):
    """What came of trying."""

    #: On its way; the governor may still refuse it.
    PLANNED = "planned"
    #: No version is approved: nothing else ever leaves.
    NOT_APPROVED = "not_approved"
    #: The settings name no test follower of an account that the content is for.
    NOBODY = "nobody"
    #: This kind cannot be sent to one person yet.
    NO_MESSAGE = "no_message"
    NO_VARIANT = "no_variant"
    #: Somebody else writes it.
    NOT_YOURS = "not_yours"


class TrialDesk:
    """Sends examples to test followers."""

    def __init__(
        self,
        *,
        trials: ContentTrials,
        accounts: AccountList,
        testers: Sequence[Tester],
        pictures_url: str,
        version: str,
        clock: Clock,
    ) -> None:
        """`pictures_url`: before a picture's digest, "" where nobody reaches them; `version`: of the authored files."""
        self._trials = trials
        self._accounts = accounts
        self._testers = tuple(testers)
        self._pictures_url = pictures_url
        self._version = version
        self._clock = clock
        self._filling = Filling(Templates())

    async def send(self, viewer: Viewer, item: ItemRow, letter: str, *, key: str) -> Tried:
        """Send the approved version's variant, filled with its examples, to every test follower. Raises Forbidden.

        `key` names the wish: asked for twice it is sent once.
        """
        require(viewer, Permission.CONTENTS_WRITE)
        version = item.approved
        if version is None:
            return Tried.NOT_APPROVED
        piece = version.piece
        if letter not in piece.variants:
            return Tried.NO_VARIANT
        filled = self._filling.example(piece, letter)
        # What was approved was filled with its examples before.
        assert not isinstance(filled, NotFilled)
        picture_url = f"{self._pictures_url}{filled.picture}" if filled.picture and self._pictures_url else ""
        message = message_of(piece, filled, picture_url=picture_url)
        if message is None:
            return Tried.NO_MESSAGE
        kind, fields = encode_body(message)
        draft = ReplyDraft(
            kind=kind,
            fields=fields,
            purpose=piece.purpose,
            topic=piece.topic,
            content_version=self._version,
            content_version_id=version.id,
        )
        served = await self._accounts.named({tester.account for tester in self._testers})
        letters = [
            Letter(
                account=account,
                person=tester.person,
                draft=draft,
                key=f"{TRIAL}:{version.id}:{letter}:{tester.account}:{tester.person}:{key}",
            )
            for tester in self._testers
            if (account := served.get(tester.account)) is not None and account.channel in piece.channels
        ]
        if not letters:
            return Tried.NOBODY
        deed = Deed(
            action="content_tried", subject="content", subject_id=item.id, detail=f"version {version.number} {letter}"
        )
        await self._trials.post(letters, deed, viewer=viewer, now=self._clock.now())
        return Tried.PLANNED

    async def made(self, item: ItemRow) -> list[TrialRow]:
        """Return what became of the newest messages that tried the approved version out."""
        return [] if item.approved is None else await self._trials.of_version(item.approved.id)
