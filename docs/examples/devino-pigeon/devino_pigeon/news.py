"""The source of what Pigeon posts."""

from devino_core import Event, Incoming, Status, StatusChanged
from devino_plugins.kit.callbacks import ItemSource
from devino_plugins.kit.states import state_of

from .wire import News


class Source(ItemSource[News]):
    item = News

    def event(self, it: News, channel: str) -> Event:
        id, at = it.id, it.at
        if it.state is None:
            return Incoming(
                id=id, at=at, channel=channel, raw=it, sender=it.sender, to=it.to, text=it.text
            )
        status = Status(id=id, state=state_of(it.state), code=str(it.state), reported_at=at)
        key = f"{id}:{it.state}"
        return StatusChanged(
            id=key, at=at, channel=channel, raw=it, message_id=id, status=status, ref=it.ref
        )
