"""Why the domain refuses. Each carries data; the faces find the words and the status."""

from __future__ import annotations

from datetime import datetime


class Closed(Exception):
    """The assessment is completed or expired: its answers stay as they are."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class ExtensionRefused(Exception):
    """There are no more days for this assessment; the message says why."""


class QuestionsUnanswered(Exception):
    """Completing needs a confirmation, because these questions count as unanswered."""

    def __init__(self, question_ids: tuple[str, ...]) -> None:
        super().__init__(f"{len(question_ids)} questions are unanswered")
        self.question_ids = question_ids


class NothingAnswered(Exception):
    """There is nothing to score."""


class ScopeRefused(Exception):
    """The tier, the sections or the profile cannot be had; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class RetakesUsedUp(Exception):
    """No further retake before this moment."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__(f"no retake before {again_at.isoformat()}")
        self.again_at = again_at


class InvitationRefused(Exception):
    """A colleague cannot be asked this, or not now; `field` says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class LinkEnded(Exception):
    """A colleague's link is returned, taken back or expired."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class NotAsked(Exception):
    """The assessment has no such section."""
