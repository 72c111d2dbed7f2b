"""The app."""

from __future__ import annotations

from devino_contrib._needs import needs

with needs("django"):
    from django.apps import AppConfig

__all__ = ["StoreConfig"]


class StoreConfig(AppConfig):
    """The app ``devino_contrib.django.store``."""

    name: str = "devino_contrib.django.store"
    label: str = "devino_store"
    verbose_name: str = "Devino: what was sent"
    default_auto_field: str = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the signals."""
        from devino_contrib.django.signals import post_send, send_failed, status_changed

        from . import _receivers

        name = self.name
        post_send.connect(_receivers.remember, dispatch_uid=name)
        send_failed.connect(_receivers.remember_failure, dispatch_uid=name)
        status_changed.connect(_receivers.update, dispatch_uid=name)
