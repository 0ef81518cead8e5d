"""WordPress.com as a login provider: OAuth 2 with the scope `auth`, which shows who somebody is and nothing else."""
