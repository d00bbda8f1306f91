"""What a person reads on following the account or scanning one of its codes."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, model_validator

from content.authored import Authored, Identifier, check_bytes
from content.scenes import Attribution
from content.slots import COMMON_SLOTS
from content.wording import Wording

#: Slots that a welcome may hold.
WELCOME_SLOTS: Final = COMMON_SLOTS | {"campaign", "agent"}

#: A scene string has at most 64 characters (WeChat doc: QR codes with parameters).
Scene = Annotated[str, AfterValidator(lambda text: check_bytes(text, 192))]


class SceneWelcome(Authored):
    """The welcome of those who come by one scene, or by all scenes that begin alike."""

    id: Identifier
    #: The whole scene.
    scene: Scene | None = None
    #: How the scene begins; the longest prefix that fits counts, a whole scene before any prefix.
    prefix: Scene | None = None
    #: To a person who follows by it.
    follow: Wording
    #: To a follower who scans it; without it, as `follow`.
    scan: Wording | None = None

    @model_validator(mode="after")
    def _has_one_key(self) -> SceneWelcome:
        if (self.scene is None) == (self.prefix is None):
            raise ValueError("it needs either `scene` or `prefix`; write one of them")
        return self


class Welcome(Authored):
    """All welcomes of the account."""

    #: To a person who follows without a scene, or by one that no entry names.
    follow: Wording
    #: To a follower who scans a code that no entry names.
    scan: Wording
    #: To a customer who opens the chat of WeChat customer service for the first time in a while; without it, nothing.
    enter: Wording | None = None
    scenes: tuple[SceneWelcome, ...] = ()

    def on_follow(self, scene: str | None) -> Wording:
        """Return the reply to a person who follows by `scene`."""
        entry = self._entry(scene)
        return entry.follow if entry else self.follow

    def on_scan(self, scene: str) -> Wording:
        """Return the reply to a follower who scans `scene`."""
        entry = self._entry(scene)
        return (entry.scan or entry.follow) if entry else self.scan

    def _entry(self, scene: str | None) -> SceneWelcome | None:
        if scene is None:
            return None
        exact = next((entry for entry in self.scenes if entry.scene == scene), None)
        if exact:
            return exact
        fitting = [entry for entry in self.scenes if entry.prefix is not None and scene.startswith(entry.prefix)]
        return max(fitting, key=lambda entry: len(entry.prefix or ""), default=None)


def slot_values(attribution: Attribution) -> dict[str, str]:
    """Return what fills the slots of a welcome, empty where the scene names nothing."""
    return {"campaign": attribution.campaign or "", "agent": attribution.agent or ""}
