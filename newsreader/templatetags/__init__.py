"""Template tags used everywhere."""
