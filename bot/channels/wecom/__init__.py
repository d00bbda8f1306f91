"""WeCom applications: callbacks in, passive replies and server API calls out."""
