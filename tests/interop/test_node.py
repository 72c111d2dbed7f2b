"""What JavaScript loses of the platform's ids, which have 64 bits: nothing of it is lost here."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from devino_codecs import viber, vk
from devino_codecs.http import HttpAnswer

NODE = shutil.which("node")
IDS = [9223372036854775805, 9223372036854775806, 9223372036854775807]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_ids_that_node_takes_for_one_stay_three() -> None:
    items = [{"id": one, "receivedAt": "1527861323068", "status": "READ"} for one in IDS]
    body = json.dumps(items)
    script = "console.log(new Set(JSON.parse(process.argv[1]).map(item => item.id)).size)"
    run = [str(NODE), "-e", script, body]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip() == "1"
    read = viber.decode_callback(body.encode())
    assert [item.id for item in read if isinstance(item, viber.StatusCallback)] == [
        str(one) for one in IDS
    ]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_what_the_codecs_write_is_json_to_node() -> None:
    written = vk.API.encode_answer(vk.Send, vk.SendResult(code=vk.SendCode.OK, message_id="17"))
    script = "console.log(JSON.parse(process.argv[1]).result.messageId)"
    run = [str(NODE), "-e", script, written.body.decode()]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip() == "17"
    assert vk.API.decode_answer(vk.Send, HttpAnswer(200, written.body))
