"""Segments: where they come from, and reading whom they find."""
