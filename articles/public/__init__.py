"""What readers and other programs get of articles.

views, front_page: the front page and lists
search_views:      `/search/`
feeds, sitemaps:   for feed readers and search engines
embedding:         oEmbed
structured_data:   schema.org, Open Graph and cards
"""
