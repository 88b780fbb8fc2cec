"""The C library's heap, told to give back what is free.

glibc gives each thread a heap of its own, up to eight for each core, and raises its thresholds when a large block is freed. A
service with a handful of threads that signs people in (19 MiB for each password, OWASP's figure for Argon2id) would keep one such
hole in each of these heaps for ever.
"""

from __future__ import annotations

import ctypes

#: mallopt(3): parameters of glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
#: glibc's own beginnings; setting them keeps them from growing.
_TRIM_BYTES, _MMAP_BYTES = 128 * 1024, 128 * 1024


def keep_small() -> bool:
    """One heap for all threads, and free memory goes back to the system. Before any thread is started; False: not with this C library."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    settings = ((_ARENA_MAX, 1), (_TRIM_THRESHOLD, _TRIM_BYTES), (_MMAP_THRESHOLD, _MMAP_BYTES))
    return all(mallopt(name, value) == 1 for name, value in settings)
