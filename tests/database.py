"""A pytest plugin: chooses test mode and lends the suite a PostgreSQL of its own.

Loaded by `-p` before pytest-django reads the settings. DATABASE_URL wins when it is set.
"""

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from portal import embedded

os.environ["PORTAL_MODE"] = "test"
_stack = contextlib.ExitStack()
_var = Path(tempfile.mkdtemp(prefix="portal-test-"))
# Emptying all tables between browser tests may take longer than a page ever should.
os.environ["STATEMENT_TIMEOUT"] = "60000"
os.environ["CACHE_URL"] = "dbcache://cache"
os.environ["ATTACHMENT_ROOT"] = str(_var / "attachments")
os.environ["LETTERS_ROOT"] = str(_var / "letters")
# Its own and empty: a test must not be served what the checkout collected once.
os.environ["STATIC_ROOT"] = str(_var / "static")
(_var / "static").mkdir()
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = _stack.enter_context(embedded.server(_var, durable=False))


@atexit.register
def end() -> None:
    """Stop the server and remove what it wrote, also when the suite could not even begin."""
    _stack.close()
    shutil.rmtree(embedded.home(_var), ignore_errors=True)
    shutil.rmtree(_var, ignore_errors=True)
