"""Where a person came from: the scene of a QR code, read for the campaign and the agent behind it."""

from __future__ import annotations

from content.value import value


@value
class Attribution:
    """A scene as it was scanned, and what it names."""

    #: The scene exactly as the platform gave it, without the platform's own prefix.
    scene: str
    campaign: str | None = None
    #: Userid of the member of staff whose code it is.
    agent: str | None = None


def parse_scene(scene: str) -> Attribution:
    """Read `campaign:NAME`, `agent:USERID` or both, in any order, joined by colons.

    Never raises: codes printed years ago may hold anything, and such a scene names neither. The first of two values
    of the same name counts.
    """
    named: dict[str, str] = {}
    parts = iter(scene.split(":"))
    for part in parts:
        if part not in ("campaign", "agent"):
            continue
        value = next(parts, "")
        if value:
            named.setdefault(part, value)
    return Attribution(scene=scene, campaign=named.get("campaign"), agent=named.get("agent"))
