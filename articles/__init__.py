"""What editors publish. Knows nothing of comments."""
