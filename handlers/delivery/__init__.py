"""Getting messages to people: which API may carry what, the governor, and what follows from an error."""
