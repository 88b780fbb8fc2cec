"""Asterisk's world turned into calls, queues and agents.

Flat modules are pure: no clock, no I/O, no asyncio. `asterisk/` talks AMI over TCP; `simulator/` is an AMI server
that plays a small call centre.
"""
