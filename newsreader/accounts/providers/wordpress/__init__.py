"""WordPress.com as a login provider: OAuth 2 with the scope `auth`, which only allows reading who somebody is."""
