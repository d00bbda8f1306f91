"""The HTTP edge: callbacks, health, metrics. The only room where aiohttp's requests are seen."""
