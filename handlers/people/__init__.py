"""Who works for the insurer: rights, signing in, reading what customers said with a trace, owners of customers."""
