"""Facts about customers: taken from lists and forms, read within the scope."""
