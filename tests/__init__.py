"""The suite mirrors the rooms: comments/posting/submission.py is tested in tests/comments/posting/test_submission.py."""
