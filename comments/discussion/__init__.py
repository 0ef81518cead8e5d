"""Rows -> what a page shows.

threads:         reading order, levels, pages, and where a comment is to be found
positions:       how many stand before a comment in an order of any length
counting:        keeps every count true
display:         words and times of the comments on a page, made once each
structured_data: comments as search engines are told of them
feeds:           feeds of comments
"""
