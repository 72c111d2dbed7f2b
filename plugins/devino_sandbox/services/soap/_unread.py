"""What can still be told of a send that cannot be read."""

from __future__ import annotations

from lxml import etree

from devino_codecs import soap
from devino_core import Medium

from ._sendings import SENDINGS, Sending

__all__ = ["unread"]

_MAX_SIZE = 2**20
"""Bytes; nobody looks for more by eye."""


def unread(service: soap.Service, body: bytes) -> Sending | None:
    """As it came, what is not there empty; None for what sends nothing, as far as one can see."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body[:_MAX_SIZE], parser)
    except etree.XMLSyntaxError:
        return None
    # lxml gives None for what holds no element at all.
    elements = () if root is None else root.iter("{*}*")
    sendings = {
        request.operation.name.lower(): request
        for request in service.requests
        if request in SENDINGS
    }
    request = None
    found: dict[str, list[str]] = {}
    for element in elements:
        # By hand, for a prefix that nobody declared is a part of the name here.
        name = str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()
        request = request or sendings.get(name)
        if not len(element):
            found.setdefault(name, []).append((element.text or "").strip())
    if request is None:
        return None
    sender, text = (found.get(name, [""])[0] for name in ("sourceaddress", "data"))
    medium = Medium.VIBER if service in (soap.VIBER, soap.VIBER_V2) else Medium.SMS
    to = found.get("string", []) + found.get("destinationaddress", [])
    return Sending(medium, sender, text, to or [""], None)
