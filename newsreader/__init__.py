"""Newsreader: a news site backend with comments. This package holds wiring, design, accounts and tools."""
