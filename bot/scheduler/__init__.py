"""What happens by the clock: a few idempotent ticks that the leader runs."""
