"""Articles, sections, tags and authors over REST."""
