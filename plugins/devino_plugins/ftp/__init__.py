"""Mass mail-outs: archives of recipients, laid down on the platform's FTP server (chapter 9).

The platform looks for archives every 10 seconds, sends what they hold and deletes them. It answers
nothing, so a receipt has the state ACCEPTED and no ids, and no status can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import FtpSettings

if TYPE_CHECKING:
    from ._channel import FtpChannel, Upload
else:
    __getattr__ = lazy(__name__, {"FtpChannel": "_channel", "Upload": "_channel"})

__all__ = ["FtpChannel", "FtpSettings", "Upload"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``ftp``."""
    yield ChannelSpec(
        name="ftp",
        summary="Archives on the platform's FTP server: mass mail-outs by SMS, without status.",
        media=frozenset({Medium.SMS}),
        settings=FtpSettings,
        load="devino_plugins.ftp:FtpChannel",
    )


devino_commands: Final = commands_at("devino_plugins.ftp._command:upload")
