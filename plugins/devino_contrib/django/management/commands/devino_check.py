"""``manage.py devino_check``: ``devino doctor`` with the project's settings."""

from __future__ import annotations

from devino_contrib.django._cli import PassedOn

__all__ = ["Command"]


class Command(PassedOn):
    """``manage.py check`` looks at the settings; this logs in at the platform."""

    help = "Try each channel step by step: settings, packages, names, encryption, login, balance."
    passed_to = ("doctor",)
