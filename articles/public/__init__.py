"""The public side of articles: pages for readers, data for other programs.

views, front:      the front page and lists
search_views:      `/search/`
feeds, sitemaps:   for feed readers and search engines
embedding:         oEmbed
structured_data:   schema.org, Open Graph and cards
"""
