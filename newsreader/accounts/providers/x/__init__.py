"""X as a login provider: the library's provider, with a configurable address."""
