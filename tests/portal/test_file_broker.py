"""The broker of files: a worker never meets half a message."""

import os
from pathlib import Path
from queue import Empty
from typing import Any
from unittest import mock

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from portal import broker
from portal.celery import app


@pytest.fixture
def channel(tmp_path: Path) -> Any:
    """A channel with its folder."""
    (tmp_path / "queue").mkdir()
    folders = {
        "data_folder_in": str(tmp_path / "queue"),
        "data_folder_out": str(tmp_path / "queue"),
        "control_folder": str(tmp_path / "control"),
    }
    with Connection(transport=broker.Transport, transport_options=folders) as connection:
        yield connection.channel()


def test_celery_uses_it_where_there_is_no_server() -> None:
    assert app.connection_for_write().transport_cls == "portal.broker:Transport"


def test_a_message_comes_whole_and_once(channel: Any) -> None:
    channel._put("portal", {"body": "слово"})
    assert channel._get("portal") == {"body": "слово"}
    with pytest.raises(Empty):
        channel._get("portal")


def test_a_message_that_is_being_written_is_not_there_yet(channel: Any) -> None:
    appear = Path.rename

    def looked(draft: Path, place: Path) -> Path:
        with pytest.raises(Empty):
            channel._get("portal")
        return appear(draft, place)

    with mock.patch.object(Path, "rename", looked):
        channel._put("portal", {"body": 1})
    assert channel._get("portal") == {"body": 1}


def test_a_full_disk_is_told_as_every_fault_of_a_broker(channel: Any) -> None:
    with (
        mock.patch.object(Path, "write_bytes", side_effect=OSError("full")),
        pytest.raises(ChannelError),
    ):
        channel._put("portal", {"body": 1})
    assert os.listdir(channel.data_folder_out) == []
