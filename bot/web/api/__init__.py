"""The REST API under /api/v1: typed routes, the OpenAPI document made of them, and problems as answers."""
