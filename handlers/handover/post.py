"""Where letters of handovers go: to customers on their account, to staff through the application of their realm."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from content.messages import MenuReply, Outgoing, Purpose, TextReply, encode_body
from handlers.delivery.decision import Author
from storage.handover_rows import HandoverRow
from storage.letters import Letter
from storage.records import AccountRow, ReplyDraft
from storage.tables.handover import SessionStep


class HandedTo(StrEnum):
    """How the customers of an account are handed over whose platform has sessions of its own."""

    #: The bot's line chooses who serves.
    PERSON = "person"
    #: The platform's own queue does.
    POOL = "pool"


class Post:
    """Addresses letters; whoever moves the handover writes them in the same transaction."""

    def __init__(
        self,
        *,
        accounts: Mapping[int, AccountRow],
        desks: Mapping[str, AccountRow],
        version: str,
        platforms: Mapping[int, HandedTo] | None = None,
    ) -> None:
        """`accounts`: those whose customers can be handed over, by id. `desks`: by realm the staff's application.

        `platforms`: those whose platform has sessions of its own, and how they are handed over there.
        """
        self._accounts = accounts
        self._platforms = platforms or {}
        self._desks = desks
        self._version = version

    def serves(self, account_id: int) -> bool:
        """Tell whether customers of an account can be handed over: it may send actively, and staff have a desk."""
        return account_id in self._accounts and bool(self._desks)

    def is_platforms(self, account_id: int) -> bool:
        """Tell whether staff serve the account's customers at the platform itself, not through the bot."""
        return account_id in self._platforms

    def on_waiting(self, account_id: int) -> SessionStep | None:
        """Return what is done with the platform's session when a customer begins to wait."""
        return SessionStep.POOLING if self._platforms.get(account_id) is HandedTo.POOL else None

    def on_accepting(self, account_id: int) -> SessionStep | None:
        """Return what is done with the platform's session when somebody accepts."""
        return SessionStep.GIVING if account_id in self._platforms else None

    def title_of(self, handover: HandoverRow) -> str:
        """Return what people call the account."""
        row = self._accounts.get(handover.account_id)
        return handover.account if row is None else row.title

    def to_customer(
        self, handover: HandoverRow, content: Outgoing, *, key: str, author: Author = Author.BOT, free: bool = False
    ) -> Letter | None:
        """Return a letter to the customer; None when the account is not served any more.

        None, too, while the platform's session is a servicer's or on the way to one: it lets nothing through but by a
        code. `free`: it is known to let it through.
        """
        account = self._accounts.get(handover.account_id)
        by_code = isinstance(content, TextReply | MenuReply) and content.code is not None
        if account is None or not (free or by_code or handover.session in (None, SessionStep.OVER)):
            return None
        return Letter(
            account=account,
            person=handover.person,
            draft=self._draft(content),
            key=f"handover:{handover.id}:{key}",
            author=author,
        )

    def to_staff(
        self,
        realm: str,
        userid: str,
        content: Outgoing,
        *,
        key: str,
        repeats: tuple[int, ...] = (),
        through: AccountRow | None = None,
    ) -> Letter | None:
        """Return a letter to a member of staff; None when no application reaches their realm.

        `repeats`: the handovers whose customers' words stand in it. `through`: another application than the realm's.
        """
        account = through or self._desks.get(realm)
        if account is None:
            return None
        return Letter(account=account, person=userid, draft=self._draft(content), key=key, repeats=repeats)

    def _draft(self, content: Outgoing) -> ReplyDraft:
        kind, fields = encode_body(content)
        return ReplyDraft(kind=kind, fields=fields, purpose=Purpose.SERVICE, content_version=self._version)


def given(*letters: Letter | None) -> list[Letter]:
    """Return the letters that have an address."""
    return [letter for letter in letters if letter is not None]
