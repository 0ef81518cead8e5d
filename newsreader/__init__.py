"""Newsreader: a news site backend that takes replies. This package is the house itself: wiring, look, people, tools."""
