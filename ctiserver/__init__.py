"""Builds everything and turns the handle."""
