"""Reconciling with the platforms: followers and tags of official accounts, departments and members of WeCom."""
