"""From authored words to replies: fills their slots and stamps the version of the content on them."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from content.lengths import fit
from content.messages import MenuReply, Option, Outgoing, TextReply
from content.slots import fill
from content.tree import Content
from content.wording import Wording
from handlers.conversation.turn import Outcome, Reply, Turn

log = structlog.get_logger()


class Phrasing:
    """Makes the replies of all handlers; every one is a service message."""

    def __init__(self, content: Content) -> None:
        self._version = content.version
        self._shorts = content.shorts

    @property
    def version(self) -> str:
        """Version of the content, stamped on replies and named as the text of a consent."""
        return self._version

    def say(self, turn: Turn, text: str, /, **slots: str) -> Reply:
        """Return one of the bot's own sentences as a reply. Raises KeyError on a slot without value."""
        words = self.words(turn, text, **slots)
        return self._reply(turn, TextReply(content=words), short=self._short(turn, text, slots))

    def told(self, turn: Turn, words: str, options: tuple[Option, ...] = ()) -> Reply:
        """Return words that are whole already as a reply: braces in them stand for themselves."""
        content = MenuReply(head=words, options=options) if options else TextReply(content=words)
        return self._reply(turn, content)

    def words(self, turn: Turn, text: str, /, **slots: str) -> str:
        """Return a sentence with its slots filled. Raises KeyError on a slot without value."""
        return fill(text, {**_common(turn), **slots})

    def ask(self, turn: Turn, text: str, options: tuple[Option, ...], /, **slots: str) -> Reply:
        """Return a question with choices. Raises KeyError on a slot without value."""
        asked = MenuReply(head=fill(text, {**_common(turn), **slots}), options=options)
        return self._reply(turn, asked, short=self._short(turn, text, slots))

    def render(self, turn: Turn, wording: Wording, /, **slots: str) -> Outcome:
        """Return what an authored reply makes: one reply, or none for a deliberate silence."""
        outgoing = wording.render({**_common(turn), **slots})
        if outgoing is None:
            return Outcome()
        short = ""
        if turn.standing.elder and wording.short is not None:
            short = fill(wording.short, {**_common(turn), **slots})
        return Outcome(replies=(self._reply(turn, outgoing, short=short),))

    def _short(self, turn: Turn, text: str, slots: Mapping[str, str]) -> str:
        """Return the short form of a sentence for a customer who has the mode for the elderly."""
        short = self._shorts.get(text) if turn.standing.elder else None
        return "" if short is None else fill(short, {**_common(turn), **slots})

    def _reply(self, turn: Turn, outgoing: Outgoing, *, short: str = "") -> Reply:
        # Here, before it is stored: in time and late the person is told the same, and the log says what they saw.
        fitted = fit(outgoing)
        if fitted is not outgoing:
            log.warning(
                "Filled words were too long and were cut.", action="message_truncated", account=turn.account.name
            )
        return Reply(content=fitted, short=short, content_version=self._version)


def _common(turn: Turn) -> dict[str, str]:
    """Return what fills `COMMON_SLOTS`; a hotline that is not set has no value: no sentence leaves with a hole."""
    hotline = turn.account.hotline
    return {"account": turn.account.title, **({"hotline": hotline} if hotline else {})}
