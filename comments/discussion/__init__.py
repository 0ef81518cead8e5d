"""Rows -> what a page shows.

threads:         reading order, levels, pages, and the address of each comment
branches:        roots with their first replies, for REST
positions:       how many comments come before one, in an order of any length
order_queries:   its statements
counting:        keeps every count right
markup:          a page's comments as HTML
structured_data: comments as schema.org data for search engines
feeds:           feeds of comments
"""
