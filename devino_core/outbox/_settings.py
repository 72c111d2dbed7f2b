"""The settings of the outbox: the table ``[outbox]``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

import msgspec

from devino_core._service import ServiceSettings
from devino_core._store_spec import StoreSettings
from devino_core.errors import ConfigurationError
from devino_core.misfit import misfit
from devino_core.settings import Values, convert_settings

from ._entry import InDoubt, KeepText

__all__ = ["ChannelPace", "OutboxSettings", "TenantShare", "split_settings"]

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class ChannelPace(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How fast a channel goes: the table ``[outbox.channels.NAME]``."""

    rate: Positive | None = None
    """At most so many messages a second, over all workers; None: as fast as it can."""
    burst: Count = 1
    """How many may go at once when none went for a while."""
    account: str | None = None
    """Channels that name the same account share its rate, as two channels of one login do."""
    in_flight: Count = 100
    """How many messages a worker may have on the wire. So many may be in doubt after a crash."""
    bulk_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.8
    """The part of ``in_flight`` that messages may fill that are not REALTIME."""


class TenantShare(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A tenant's part beside others: the table ``[outbox.tenants.NAME]``."""

    weight: Positive = 1.0


class OutboxSettings(ServiceSettings, kw_only=True, frozen=True):
    """The table ``[outbox]``. Times are seconds. The store adds keys of its own."""

    url: str
    """Where the store is: ``sqlite:///var/lib/app/outbox.db``."""
    retention: Positive = 30 * 86_400.0
    """How long what is done is kept; so long a ``ref`` stands for its message."""
    keep_text: KeepText | None = None
    """What stays of a text and a number that are done; None: nothing of a REALTIME message, for it
    holds a code, and all of others."""
    in_doubt: InDoubt = InDoubt.PARK
    """What becomes of a message when nobody knows whether it was taken."""
    expires: Positive | None = None
    """Nothing is sent so long after it was added; None: REALTIME after 300 s, others never."""
    max_attempts: Count = 50
    """How often a message may fail for a reason of its own."""
    max_doubts: Count = 2
    """How often a message is sent again after a doubt."""
    settle: Positive = 120.0
    """How long after the sending a platform's "I do not have it" does not count yet."""
    hold: Positive = 30.0
    """How long a worker may be silent, where a store knows by leases who lives."""
    poll: Positive = 1.0
    """How often an idle worker looks."""
    stop_within: Positive = 30.0
    """How long a worker that stops waits for what is on the wire."""
    sink: str | None = None
    """Where ``devino outbox run`` publishes what happens: ``nats://127.0.0.1:4222/devino.outbox``,
    whatever the store."""
    channels: Mapping[str, ChannelPace] = {}
    tenants: Mapping[str, TenantShare] = {}

    def pace(self, channel: str) -> ChannelPace:
        """How fast a channel goes."""
        return self.channels.get(channel, _DEFAULT_PACE)

    @property
    def kept_for(self) -> timedelta:
        """The retention."""
        return timedelta(seconds=self.retention)


_DEFAULT_PACE = ChannelPace()


def split_settings(
    values: Values, store: type[StoreSettings]
) -> tuple[OutboxSettings, StoreSettings]:
    """The outbox's settings and the store's, from the table ``[outbox]``. Raises
    ConfigurationError."""
    of_store = set(store.__struct_fields__) - {"url"}
    own = {key: value for key, value in values.items() if key not in of_store}
    settings = convert_settings(own, OutboxSettings, name="outbox", table="outbox")
    theirs = {key: value for key, value in values.items() if key in of_store}
    try:
        return settings, msgspec.convert({"url": settings.url, **theirs}, store, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"[outbox]: {misfit(error)}") from None
