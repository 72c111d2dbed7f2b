"""The app."""

from __future__ import annotations

from devino_contrib._needs import needs

with needs("django"):
    from django.apps import AppConfig

__all__ = ["OutboxConfig"]


class OutboxConfig(AppConfig):
    """The app ``devino_contrib.django.outbox``."""

    name: str = "devino_contrib.django.outbox"
    label: str = "devino_outbox"
    verbose_name: str = "Devino outbox"
    default_auto_field: str = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Forget what a test has changed."""
        from django.core.signals import setting_changed

        from ._enqueue import forget

        setting_changed.connect(forget, dispatch_uid="devino_contrib.django.outbox")
