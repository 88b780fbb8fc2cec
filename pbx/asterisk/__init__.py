"""Asterisk's manager interface (AMI): the only place that knows its header names. panoramisk stays behind this door."""
