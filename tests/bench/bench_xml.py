"""The XML package against the standard library and bare lxml doing the same, and at length."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from io import BytesIO

import pytest
from lxml import etree

from devino_codecs import xmlpackage as xml

SIZE = 1000
LENGTH = 100_000

ROWS = [
    (index, f"+7902{index:07d}", "SMSINFO", f"Ваш код {index:06d}. Никому его не сообщайте")
    for index in range(SIZE)
]
PACKAGE = xml.Package(
    login="login",
    password="123456",
    messages=tuple(
        xml.Message(id=id_, recipient=recipient, sender=sender, text=text)
        for id_, recipient, sender, text in ROWS
    ),
)
ANSWER = xml.encode_answer(
    xml.Answer(
        messages=tuple(
            xml.MessageResult(
                id=index, sms_id=5_000_000 + index, sms_count=1, code=xml.MessageStatus.ACCEPTED
            )
            for index in range(SIZE)
        )
    )
)


def build_with_elementtree() -> bytes:
    root = ET.Element("package", login="login", password="123456")
    message = ET.SubElement(root, "message")
    for id_, recipient, sender, text in ROWS:
        element = ET.SubElement(message, "msg", id=str(id_), recipient=recipient, sender=sender)
        element.text = text
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def build_with_lxml() -> bytes:
    root = etree.Element("package", login="login", password="123456")
    message = etree.SubElement(root, "message")
    for id_, recipient, sender, text in ROWS:
        element = etree.SubElement(message, "msg", id=str(id_), recipient=recipient, sender=sender)
        element.text = text
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def build_with_xmlfile() -> bytes:
    sink = BytesIO()
    with (
        etree.xmlfile(sink, encoding="utf-8") as writer,
        writer.element("package", login="login", password="123456"),
        writer.element("message"),
    ):
        for id_, recipient, sender, text in ROWS:
            with writer.element("msg", id=str(id_), recipient=recipient, sender=sender):
                writer.write(text)
    return sink.getvalue()


def parse_with(fromstring: Callable[[bytes], etree._Element]) -> list[tuple[int, int, int, int]]:
    return [
        (int(m.get("id")), int(m.get("sms_id")), int(m.get("sms_count")), int(m.text))  # type: ignore[arg-type]
        for m in fromstring(ANSWER).iter("msg")
    ]


def test_a_package_of_1000_is_built(compare: Callable[..., object]) -> None:
    compare(
        "xml: 1,000 messages built",
        lambda: xml.encode_request(PACKAGE),
        {
            "ElementTree": build_with_elementtree,
            "lxml": build_with_lxml,
            "lxml xmlfile": build_with_xmlfile,
        },
        rounds=15,
    )


def test_the_answer_to_1000_is_parsed(compare: Callable[..., object]) -> None:
    compare(
        "xml: answer to 1,000 parsed",
        lambda: xml.decode_answer(ANSWER),
        {
            "ElementTree": lambda: parse_with(ET.fromstring),  # type: ignore[arg-type]
            "lxml": lambda: parse_with(etree.fromstring),
        },
        rounds=25,
    )


def test_the_answer_to_1000_is_read_in_pieces(compare: Callable[..., object]) -> None:
    def ours() -> int:
        reader = xml.AnswerReader()
        return len(reader.feed(ANSWER)) + len(reader.close())

    def with_iterparse() -> int:
        count = 0
        for _, element in etree.iterparse(BytesIO(ANSWER), events=("end",), tag="msg"):
            (int(element.get("id")), int(element.get("sms_id")), int(element.text))
            element.clear()
            count += 1
        return count

    compare(
        "xml: answer to 1,000 read in pieces", ours, {"lxml iterparse": with_iterparse}, rounds=15
    )


SCRIPTS = {
    "nothing": "",
    "built": "for chunk in xml.iter_request('login', 'secret', messages()): total += len(chunk)",
    "request read": """
reader = xml.RequestReader()
for chunk in xml.iter_request('login', 'secret', messages()):
    total += len(reader.feed(chunk))
total += len(reader.close())
""",
    "answer read": """
reader = xml.AnswerReader()
for chunk in xml.iter_answer(xml.MessageResult(id=i, sms_id=i, sms_count=1, code=106)
                             for i in range(LENGTH)):
    total += len(reader.feed(chunk))
total += len(reader.close())
""",
}
FRAME = """
import time
from devino_codecs import xmlpackage as xml
LENGTH = {length}
def messages():
    for i in range(LENGTH):
        yield xml.Message(id=i, recipient="+79021234567", sender="SMSINFO", text="Ваш код %06d" % i)
total = 0
began = time.perf_counter()
{script}
took = time.perf_counter() - began
# Not ru_maxrss: that starts at what the process held before it became this one.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(total, took, status["VmHWM"].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_100_000_messages_pass_in_flat_memory(compare: Callable[..., object]) -> None:
    peaks: dict[str, int] = {}
    for name, script in SCRIPTS.items():
        ran = subprocess.run(
            [sys.executable, "-c", FRAME.format(length=LENGTH, script=script)],
            capture_output=True,
            text=True,
            check=True,
        )
        total, seconds, peak = ran.stdout.split()
        peaks[name] = int(peak)
        compare.note(  # type: ignore[attr-defined]
            f"xml: 100,000 messages, {name:14} {float(seconds):6.2f} s, "
            f"peak {int(peak) / 1024:6.1f} MiB, {(int(peak) - peaks['nothing']) / 1024:6.1f} MiB "
            f"over the interpreter's (counted {total})"
        )
