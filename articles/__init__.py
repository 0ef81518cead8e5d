"""What editors publish. Knows nothing of comments.

models:        the tables, with their querysets
publishing:    publish, schedule, withdraw: the only way an article's state changes
submissions:   authors send articles to the editors, who publish them or send them back
writing:       changing an article's text and everything around it; corrections: what readers are told about errors
formatting:    sanitising HTML; paste_cleanup: removing what word processors leave in it
pictures:      storing pictures, their smaller copies, and their HTML
picture_addresses: which pictures of a text are on other sites; picture_fetching: fetching those in
search:        full text search
tagging:       tags by their names; bylines: a name to write under, for who joins as an author
page_versions: the counters from which pages get their ETags
surrogate_keys: by which keys a CDN drops the pages that a change makes stale
current_site:  the site's name, menu and foot, read once in a request
permissions:   what each group may do; records: what imports and exports carry; errors: refusals
newsroom, public, api: the admin, the public pages, REST
"""
