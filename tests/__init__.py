"""The suite mirrors the rooms: comments/posting.py is tested in tests/comments/test_posting.py."""
