"""One account of WeChat customer service: its log of messages and events, its sessions, the codes it gave out.

WeCom docs: sync_msg, service_state, send_msg, send_msg_on_event. No HTTP here. All times are epoch seconds.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.sandbox.config import KfAccountConfig, Rules
from bot.sandbox.crypto import Sealer
from bot.sandbox.errors import ApiError

if TYPE_CHECKING:
    from bot.sandbox.world import CallCounts, Corp

HISTORY_SECONDS = 3 * 86400
TOKEN_SECONDS = 600
WINDOW_SECONDS = 48 * 3600
REPLIES = 5
NEW, BOT, POOL, PERSON, ENDED = range(5)
CUSTOMER, SYSTEM, SERVICER = 3, 4, 5
_CURSOR = "4gw7MepFLfgF2VC5npN"


def external_userid_of(corp_id: str, person: str) -> str:
    """Return the external_userid of `person` in a corporation: "wm" and 30 url-safe characters."""
    digest = hashlib.sha256(f"{corp_id}:{person}".encode()).digest()
    return "wm" + base64.urlsafe_b64encode(digest).decode()[:30]


@dataclass(slots=True)
class Session:
    """How one customer stands to the account."""

    state: int = NEW
    servicer: str = ""
    changed_at: float = 0.0
    #: When the customer spoke last, and how much was sent to them by API since.
    spoke_at: float | None = None
    sent: int = 0
    welcomed_at: float | None = None
    rejecting: bool = False
    #: A code was given when this session first came to the pool or a servicer by the API.
    replied: bool = False

    def state_at(self, now: float) -> int:
        """Return the state; a session ends by itself after 48 h."""
        running = self.state in (BOT, POOL, PERSON)
        return ENDED if running and now >= self.changed_at + WINDOW_SECONDS else self.state

    def left(self, now: float) -> int:
        """Return how many messages the API may still send."""
        is_open = self.spoke_at is not None and now < self.spoke_at + WINDOW_SECONDS
        return max(0, REPLIES - self.sent) if is_open else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCode:
    """A code that lets the bot answer one event once: to whom, until when, with what."""

    person: str
    ends: float
    kinds: frozenset[str]


class KfAccount:
    """One account of WeChat customer service."""

    channel = "kf"

    def __init__(self, config: KfAccountConfig, corp: Corp, *, rules: Rules, calls: CallCounts) -> None:
        self.corp = corp
        self.configure(config)
        self.menu: list[dict[str, Any]] = []
        self.calls = calls
        self.log: list[tuple[float, dict[str, Any]]] = []
        self.codes: dict[str, EventCode] = {}
        #: Servicers who take customers at the moment.
        self.on_duty: set[str] = set(config.servicers)
        #: The msgids that messages were sent with.
        self.sent_ids: set[str] = set()
        self._sessions: dict[str, Session] = {}
        self._people: dict[str, str] = {}
        self._tokens: dict[str, float] = {}
        self._without_token = rules.kf_syncs_without_token_a_minute
        self._minute: tuple[int, int] = (0, 0)

    def configure(self, config: KfAccountConfig) -> None:
        """Take other settings from now on."""
        self.config = config
        self.sealer = Sealer.of(config.aes_key, self.corp.config.corp_id)

    @property
    def name(self) -> str:
        """The account's name in the control API."""
        return self.config.name

    def external_userid(self, person: str) -> str:
        """Return the id of `person` here, and remember whose it is."""
        identifier = external_userid_of(self.corp.config.corp_id, person)
        self._people[identifier] = person
        return identifier

    def person_of(self, external_userid: str) -> str | None:
        """Return the person with this id; None for one who was never here."""
        return self._people.get(external_userid)

    def session(self, person: str) -> Session:
        """Return how `person` stands to the account."""
        return self._sessions.setdefault(person, Session())

    def add(self, item: Mapping[str, Any], *, at: float) -> None:
        """Put a message or event into the log, where the bot finds it, and let its consequences be."""
        # Whatever is put in late (an act with a time of its own) still comes after what was fetched already.
        self.log.append((at, dict(item)))
        event = item.get("event", {})
        external = item.get("external_userid") or event.get("external_userid")
        person = self._people.get(str(external))
        if person is not None:
            _apply(self.session(person), item, at=at)

    def ring(self, *, now: float) -> str:
        """Return a new token for a doorbell."""
        self._tokens = {token: until for token, until in self._tokens.items() if now < until}
        token = "ENC" + secrets.token_urlsafe(30)
        self._tokens[token] = now + TOKEN_SECONDS
        return token

    def check_token(self, token: str, *, now: float) -> None:
        """Raise ApiError: 95007 for a token that is none or too old, 45009 without one when that was done too often."""
        if token:
            if now >= self._tokens.get(token, now):
                raise ApiError(95007)
            return
        minute, count = self._minute
        count = count + 1 if minute == int(now // 60) else 1
        self._minute = (int(now // 60), count)
        if count > self._without_token:
            raise ApiError(45009, "sync_msg without token")

    def page(self, cursor: str, *, limit: int, now: float) -> tuple[list[dict[str, Any]], str, bool]:
        """Return what comes after `cursor` of the last three days, the next cursor, and whether there is more.

        Raises ApiError 40058 for a cursor that was never given out.
        """
        start = 0
        if cursor:
            number = cursor.removeprefix(_CURSOR)
            if number == cursor or not number.isdecimal() or int(number) > len(self.log):
                raise ApiError(40058, "cursor")
            start = int(number)
        items = self.log[start : start + limit]
        end = start + len(items)
        kept = [item for at, item in items if at >= now - HISTORY_SECONDS]
        return kept, f"{_CURSOR}{end}", end < len(self.log)

    def code(self, person: str, *, seconds: float, kinds: frozenset[str], now: float) -> str:
        """Return a new code for one answer to an event."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = EventCode(person=person, ends=now + seconds, kinds=kinds)
        return code


def _apply(session: Session, item: Mapping[str, Any], *, at: float) -> None:
    if item.get("origin") == CUSTOMER:
        if session.state_at(at) == ENDED:
            session.state, session.servicer, session.replied = NEW, "", False
        session.spoke_at, session.sent = at, 0
    event = item.get("event", {})
    match event.get("event_type"):
        case "session_status_change":
            ended = event["change_type"] == 3
            session.state, session.changed_at = (ENDED if ended else PERSON), at
            session.servicer = "" if ended else event["new_servicer_userid"]
        case "enter_session" if event.get("welcome_code"):
            session.welcomed_at = at
        case "reject_customer_msg_switch_change":
            session.rejecting = event["reject_switch"] == 1
