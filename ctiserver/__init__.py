"""Builds everything and turns the handle."""

from importlib.metadata import version

__version__ = version("ctiserver")
