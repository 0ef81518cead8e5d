"""People who can sign in, and the identities under which they comment."""
