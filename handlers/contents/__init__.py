"""Content with review: writing it, the machine's check, approval by a second person, stops, trying it out."""
