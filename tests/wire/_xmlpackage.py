"""Helpers with which the tests read the XML package."""

from __future__ import annotations

from datetime import datetime

from devino_codecs import xmlpackage as xml

clock = datetime.fromisoformat


def read_request(pieces: list[bytes]) -> list[xml.RequestItem]:
    reader = xml.RequestReader()
    return [row for piece in pieces for row in reader.feed(piece)] + reader.close()


def read_answer(pieces: list[bytes]) -> list[xml.AnswerItem]:
    reader = xml.AnswerReader()
    return [row for piece in pieces for row in reader.feed(piece)] + reader.close()


def bytewise(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]
