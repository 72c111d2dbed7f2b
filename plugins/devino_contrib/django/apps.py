"""The app."""

from __future__ import annotations

from devino_contrib._needs import needs

with needs("django"):
    from django.apps import AppConfig

__all__ = ["DevinoConfig"]


class DevinoConfig(AppConfig):
    """The app ``devino_contrib.django``."""

    name: str = "devino_contrib.django"
    label: str = "devino"
    verbose_name: str = "Devino"

    def ready(self) -> None:
        """Register the system checks."""
        from django.core.checks import register
        from django.core.signals import setting_changed

        from . import _checks, _project

        register(_checks.check_settings, "devino")
        setting_changed.connect(_project.forget, dispatch_uid="devino_contrib.django")
