"""What was sent, in the admin: read-only; numbers are masked but for users with the permission
``see_content``."""

from __future__ import annotations

from devino_contrib._needs import needs
from devino_contrib.django._admin import LookingAdmin
from devino_core.observe import discreet

from .models import SentMessage

with needs("django"):
    from django.contrib import admin

__all__ = ["SentMessageAdmin"]


@admin.register(SentMessage)
class SentMessageAdmin(LookingAdmin):
    """Lists messages by state."""

    list_display = ("ref", "recipient", "medium", "channel", "state", "code", "price", "created")
    list_filter = ("state", "medium", "channel")
    date_hierarchy = "created"
    search_fields = ("ref",)
    search_help_text = "The ref of a message"
    fields = (
        "ref",
        "recipient",
        "medium",
        "channel",
        "shown_ids",
        "state",
        "code",
        "price",
        "created",
        "updated",
    )
    unmasked = {"recipient": "to", "shown_ids": "ids"}  # noqa: RUF012 - Django's attributes are like this
    private = frozenset({"to", "ids", "parts"})

    @admin.display(description="to")
    def recipient(self, message: SentMessage) -> str:
        """Masked."""
        return discreet("recipient", message.to)

    @admin.display(description="ids")
    def shown_ids(self, message: SentMessage) -> str:
        """Masked: some ids have the number in them."""
        return ", ".join(discreet("shown", one) for one in message.ids)
