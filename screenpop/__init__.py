"""The right card on the right agent's screen, at the right moment.

Flat modules are pure (`client.py`, the desktop client, is the one exception). `websocket/` serves the push socket.
"""
