"""Benefits: claimed and looked at in chat, kept by staff, redeemed at a supplier's desk."""
