"""Conversation: choose one route for what a person said and say what goes back and what changes."""
