"""The broker of files for one machine: a message is in the queue only once it is whole.

kombu's own transport writes a message where the worker already looks: a worker that is quick enough
reads an empty file, takes it for broken and ends, and the whole of `manage.py serve` with it.
"""

import uuid
from pathlib import Path
from time import monotonic_ns
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """kombu's channel with messages that appear whole."""

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override]  # its two bases name it differently
        """Write beside the queue first, then let the message appear under its name."""
        name = f"{monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        place = Path(self.data_folder_out) / name
        draft = place.with_name(f"{name}.part")
        try:
            draft.write_bytes(dumps(payload).encode())
            draft.rename(place)
        except OSError as error:
            raise ChannelError(f"Cannot add {name} to the queue") from error


class Transport(filesystem.Transport):
    """Found by Celery under this name (portal/celery.py)."""

    Channel = Channel
