"""The moderation desk: the moderators' pages in the admin, and every ModelAdmin of comments.

queue_views:     the pages: the queue, one comment with every tool, similar comments
actions:         what the buttons on these pages do; ban_spans: how long a ban may last
status_actions:  the buttons that give a comment a status
filters:         the views of the queue, its filters and its search
cards:           a comment with everything that a decision needs
sentences:       decisions and audit entries in words; audit_facts: what an entry of the audit log holds, line by line
greeting:        the sentence over the queue
highlighting:    marking the words in a comment that a rule found
networks:        finding comments by IP address or network
teamwork:        notes, labels, handing over, review locks and picks
answering:       approving a comment and replying to it in one go
mail_link_views: the links in a moderator's mail
mail_choices_views: the page where each of the newsroom chooses which mails they get
stats, charts, stats_views: the desk's statistics
sentence_forms:  forms of the admin whose fields stand in sentences; rules_admin: pages of rules that are one row
chat_admin:      webhooks of chat rooms
people_admin:    accounts, with what their people have written
retention_admin: how long personal data is kept
comment_admin, comment_settings_admin, article_settings_admin, ban_admin, blocklist_admin, objections_admin: the
                 ModelAdmins
"""
