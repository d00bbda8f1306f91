"""What can go wrong when a message is handed to a platform, told apart by what the caller must do.

ChannelError
 ├── RetryLater        the platform is busy or slow to accept; the request had no effect: try again after `after`
 ├── TokenRefused      the access token is no longer good: refresh it (compare-and-swap) and try once more
 ├── WindowClosed      this person may not be written to on this API until they act again
 ├── QuotaExhausted    the API's quota is used up until `until` (None: until the person acts again)
 ├── Unreachable       this person cannot be reached on this channel (unfollowed, blocked, not in scope)
 ├── Rejected          this request is wrong and stays wrong (too long, bad parameter): do not send it again
 │    └── NotCarried        … because its picture could not be brought to the platform that sends it
 │         ├── MediaGone         no platform keeps it under this id, or no longer
 │         ├── MediaTooLarge     it is larger than the platform takes
 │         └── NotAPicture       it is none that the platform shows
 ├── Misconfigured     the account's configuration or permissions are wrong for this request: tell the operator
 │    └── AccountBlocked    … for every request: stop calling until the operator has acted
 └── OutcomeUnknown    bytes left and no answer came: the message may or may not have been delivered
"""

from __future__ import annotations

from datetime import datetime, timedelta


class ChannelError(Exception):
    """A platform did not carry out a request; `code` is its error code (None when no answer came)."""

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class RetryLater(ChannelError):
    """The platform is busy and did nothing; try again after `after` (None: the caller's own back-off)."""

    def __init__(self, message: str, *, code: int | None = None, after: timedelta | None = None) -> None:
        super().__init__(message, code=code)
        self.after = after


class TokenRefused(ChannelError):
    """The access token that was used is not accepted; refresh it unless the stored one has changed meanwhile."""


class WindowClosed(ChannelError):
    """The reply window of this person is closed on this API."""


class QuotaExhausted(ChannelError):
    """A quota is used up; `until` is when it opens again, None when only an act of the person opens it."""

    def __init__(self, message: str, *, code: int | None = None, until: datetime | None = None) -> None:
        super().__init__(message, code=code)
        self.until = until


class Unreachable(ChannelError):
    """This person cannot be reached on this channel."""


class Rejected(ChannelError):
    """The request is wrong for good."""


class NotCarried(Rejected):
    """The picture of a message could not be brought to the platform that sends it; nothing has left."""


class MediaGone(NotCarried):
    """The platform keeps nothing under this id: three days are over, or it is another account's."""


class MediaTooLarge(NotCarried):
    """The file is larger than the platform takes."""


class NotAPicture(NotCarried):
    """The file is no picture of a kind that the platform shows."""


class Misconfigured(ChannelError):
    """The account's settings or permissions are wrong; the operator must act."""


class AccountBlocked(Misconfigured):
    """No request of this account is accepted (secret, IP allow-list, ban): whatever is sent now is refused too."""


class OutcomeUnknown(ChannelError):
    """The request may have been carried out: bytes left, no answer came back."""
