"""Who the customers are. For now: joining one person's identities by unionid."""
