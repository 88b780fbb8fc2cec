"""Customers and what happened with them.

Flat modules are pure. `sql/` keeps everything in a database; `call_log.py` is the only place that looks at `pbx`.
"""
