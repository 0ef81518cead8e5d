"""Sign in with Apple: the library's provider, with a configurable address and client secret."""
