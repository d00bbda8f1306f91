"""The running process and its edges: command line, web, channels, scheduler, sandbox."""
