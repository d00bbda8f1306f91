"""The demonstration: sandbox and bot side by side with sample content; stays up, or plays a scripted day."""
