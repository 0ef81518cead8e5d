"""X as a login provider: the library's, at an address that settings may change."""
