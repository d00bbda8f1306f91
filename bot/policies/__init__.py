"""Where policies come from: the nightly drop of files and the insurer's REST service; and how codes are sent."""
