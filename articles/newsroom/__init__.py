"""The admin side: what editors see of articles.

article_admin, site_admin, picture_admin: the ModelAdmins
article_form:    the form an article is written in; editor_widget: the box for its text
publish_actions: publish, schedule, withdraw, as buttons
publish_checks:  what an article still lacks before readers see it
picture_chooser: the dialog that finds a picture for a text
"""
