"""Hands for the stories of handovers: agents come on duty, see cards, tap and reply; customers wait and are served."""

from __future__ import annotations

import re
from typing import Any, Final

from tests.scenario.places import ASSISTANT, SERVICE, START
from tests.scenario.town import Town

#: Wednesday after the holiday, 09:00 in China; a town begins on the holiday before, in the evening.
OPENING: Final = 1778029200
_NUMBER: Final = re.compile(r"#(\d+)")


class Counter:
    """A town with the service account and the staff's application, played by hand."""

    def __init__(self, town: Town) -> None:
        self.town = town

    def until_open(self) -> None:
        """Let time pass until the hours begin."""
        self.town.advance(OPENING - self.town.now() + 1, step=1800)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, so that the sending loop looks and offers run out."""
        self.town.advance(seconds, step=max(0.25, seconds / 40))

    def goes(self, condition: Any, what: str) -> None:
        """Return when `condition` holds; time goes on slowly meanwhile, since the sending loop lives in it."""

        def done() -> bool:
            if condition():
                return True
            self.town.advance(0.25)
            return False

        self.town.until(done, what)

    def staff_says(self, userid: str, words: str) -> list[str]:
        """Let a member of staff write, and return what the application answers in the callback."""
        done = self.town.says(ASSISTANT, userid, words)
        return [message["text"] for message in done["shown"]]

    def customer_says(self, person: str, words: str, **fields: Any) -> list[str]:
        """Let a customer write, and return what the account answers in the callback."""
        return [message["text"] for message in self.town.says(SERVICE, person, words, **fields)["shown"]]

    def cards(self, userid: str) -> list[dict[str, Any]]:
        """Return the cards in a member's chat, in order."""
        shown = self.town.chat(ASSISTANT, userid)
        return [m["template_card"] for m in shown if m["from"] == "account" and m.get("kind") == "template_card"]

    def offers(self, userid: str) -> list[str]:
        """Return the numbers of the handovers that somebody was offered, in order."""
        titles = [card["main_title"]["title"] for card in self.cards(userid)]
        return [found[1] for title in titles if "找人工" in title and (found := _NUMBER.search(title))]

    def tap(self, userid: str, card: dict[str, Any], button: str) -> list[str]:
        """Let a member tap the button of a card whose text or key ends with `button`; return the answer."""
        [key] = [b["key"] for b in card["button_list"] if b["text"].endswith(button) or b["key"].endswith(button)]
        done = self.town.act(
            ASSISTANT,
            userid,
            "template_card_event",
            key=key,
            task_id=card["task_id"],
            card_type=card["card_type"],
        )
        return [message["text"] for message in done["shown"]]

    def heard(self, person: str) -> list[str]:
        """Return what a customer has seen from the account, in order."""
        return [words or "" for words in self.town.seen(SERVICE, person)]

    def told(self, userid: str) -> list[str]:
        """Return the words a member has seen from the application, in order."""
        return [words for words in self.town.seen(ASSISTANT, userid) if words]

    def waits_for(self, person: str, words: str) -> None:
        """Return when a customer has seen something with these words."""
        self.goes(lambda: any(words in seen for seen in self.heard(person)), f"{person} to see {words}")

    def is_told(self, userid: str, words: str) -> None:
        """Return when a member has seen something with these words."""
        self.goes(lambda: any(words in seen for seen in self.told(userid)), f"{userid} to see {words}")


assert START < OPENING
