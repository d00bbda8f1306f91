"""WeChat official accounts: callbacks in, passive replies and server API calls out."""
