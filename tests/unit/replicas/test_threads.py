"""What several threads use is ready before they start."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from kbsync.errors import RemoteError
from kbsync.replicas.confluence import form as confluence
from kbsync.replicas.files import raw as files
from kbsync.replicas.intercom import form as intercom
from kbsync.sync import observe
from kbsync.state.records import Shadow

built = []

def watch(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "get_class_annotations":
        built.append(frame.f_back.f_code.co_name)

sys.setprofile(watch)
for decode in (
    confluence.decode, files.article, files.collection, intercom.article_form, intercom.collection_form,
    lambda text: observe.reading_of(Shadow(replica="files", kind="article", id="a", reading=text)),
):
    try:
        decode("{}")
    except Exception:
        pass
sys.setprofile(None)
print(*built)
"""


def test_no_type_is_built_in_a_worker() -> None:
    """Two threads that let msgspec build one type at once end in a crash of the interpreter."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True, text=True)
    assert done.stdout.split() == []
