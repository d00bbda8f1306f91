"""What an account of a test is known by: ids and secrets derived from its name, alike on both sides."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedAccount:
    """An account whose ids and secrets follow from its name."""

    name: str

    @property
    def app_id(self) -> str:
        """The appid of an official account."""
        return f"wx{sha256(self.name.encode()).hexdigest()[:16]}"

    @property
    def original_id(self) -> str:
        """The original id of an official account."""
        return f"gh_{sha256(self.name.encode()).hexdigest()[16:28]}"

    def secret(self, what: str) -> str:
        """Return the secret for some use."""
        return sha256(f"{self.name}:{what}".encode()).hexdigest()[:32]

    @property
    def aes_key(self) -> str:
        """The 43 characters of the EncodingAESKey."""
        return base64.b64encode(sha256(f"{self.name}:aes".encode()).digest()).decode().rstrip("=")
