"""Login providers of our own, or with more manners than the library's."""
