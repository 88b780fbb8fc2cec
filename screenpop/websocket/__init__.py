"""The push socket for browsers and desktop programs, on aiohttp."""
