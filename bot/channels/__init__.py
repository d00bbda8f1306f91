"""Ways to a person: one subpackage a platform, all with the same file names."""
