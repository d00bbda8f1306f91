"""What a customer may ask of their own data, and what must be forgotten: erasure, export, retention."""
