"""Handover to a person: the line, offers, what is said while one runs, and the way back to the bot."""
