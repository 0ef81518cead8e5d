"""Login providers that allauth does not have, or that we change."""
