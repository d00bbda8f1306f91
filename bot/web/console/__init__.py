"""The staff console: pages rendered on the server, each behind one permission (`docs/console.md`)."""
