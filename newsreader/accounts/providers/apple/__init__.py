"""Sign in with Apple: the library's, at an address that settings may change, with a secret made here or before."""
