"""What moves between systems, as plain data."""
