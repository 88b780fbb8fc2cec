"""A contact centre in a process of its own, to be killed: `python -m tests.browser.mortal_server FILE PORT CALL_ID`.

Eva talks in the one call, with the note that the database has. Prints its port when it serves.
"""

from __future__ import annotations

import asyncio
import sys

from crm_store.phone_numbers import NumberProfile
from crm_store.sql.store import open_store
from tests.browser.centre import make_centre


async def serve(file: str, port: int, call_id: str) -> None:
    """Until killed."""
    store = await open_store(f"sqlite:///{file}", numbers=NumberProfile(region="SK"))
    centre = await make_centre(store, filled=False)
    note = await store.call_note(call_id)
    await centre.ring(
        "eva", id=call_id, phase="talking", match="withheld", note=note.text or None, note_version=note.version
    )
    await centre.start(port)
    print(centre.url.rpartition(":")[2], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
