"""What readers say and editors decide."""
