"""What the bot does and decides, one subpackage a capability."""
