"""A decoder that is given a text says so: its bytes are what came over the wire."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from devino_codecs import (
    addressbook,
    email,
    email2sms,
    incoming,
    rest,
    smpp,
    soap,
    verification,
    viber,
    vk,
    xmlpackage,
)
from devino_codecs.http import Api, HttpAnswer, HttpRequest

TEXT: Any = '{"Code": 4, "Desc": "SessionID expired"}'
APIS = (rest.V1, rest.V2, viber.API, vk.API, email.API, addressbook.API, verification.API)


def decode_request(api: Api) -> object:
    row = next(row for row in api.operations if row.method == "POST" and "{" not in row.path)
    return api.decode_request(HttpRequest.of("POST", f"/{row.path}", "", {}, TEXT))


def decode_answer(api: Api) -> object:
    return api.decode_answer(api.operations[0].request, HttpAnswer(200, TEXT))


DECODERS: dict[str, Callable[[], object]] = {
    **{f"answer of {api.name}": partial(decode_answer, api) for api in APIS},
    **{f"request of {api.name}": partial(decode_request, api) for api in APIS},
    "smpp.decode": lambda: smpp.decode(TEXT),
    "smpp.salvage": lambda: smpp.salvage(TEXT),
    "smpp.Framer": lambda: smpp.Framer().feed(TEXT),
    "incoming.decode_push": lambda: incoming.decode_push(TEXT),
    "incoming.decode_reply": lambda: incoming.decode_reply(TEXT),
    "xmlpackage.decode_request": lambda: xmlpackage.decode_request(TEXT),
    "xmlpackage.decode_answer": lambda: xmlpackage.decode_answer(TEXT),
    "soap.decode_answer": lambda: soap.decode_answer(soap.GetBalance, TEXT),
    "soap.decode_request": lambda: soap.decode_request(soap.SMS, TEXT),
    "email2sms.decode": lambda: email2sms.decode(TEXT),
    "email.decode_mail": lambda: email.decode_mail(TEXT),
    "email.decode_callback": lambda: email.decode_callback(TEXT),
    "viber.decode_callback": lambda: viber.decode_callback(TEXT),
    "vk.decode_callback": lambda: vk.decode_callback(TEXT),
}


@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS.keys())
def test_a_text_in_place_of_bytes_is_told(decode: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="expected bytes, not str"):
        decode()
