"""Policies in chat: binding, the second step, and answers from the policy source."""
