"""WeChat customer service (微信客服): a doorbell in, messages that are fetched, and server API calls out."""
