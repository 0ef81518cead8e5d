"""The public side of articles: pages for readers, data for other programs.

views:             pages of sections, tags, authors and the front page
listing:           rows of articles for lists
front:             what stands on the front page
teasers:           articles in a list as HTML, kept
page_frames:       the frame around a list, kept
old_addresses:     where the addresses of an imported site lead now
search_views:      `/search/`
feeds, sitemaps:   for feed readers and search engines
embedding:         oEmbed
structured_data:   schema.org, Open Graph and cards
"""
