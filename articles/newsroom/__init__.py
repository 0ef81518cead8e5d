"""The admin side of articles.

article_admin, site_admin, picture_admin: the ModelAdmins
article_form:    the form of an article; editor_widget: the editor for its text
typed_names:     its tags and authors, where no script offers them
publish_actions: publish, schedule and withdraw, as buttons
submissions:     sending an article to the editors and back, with notes
publish_checks:  what an article still lacks before publication
picture_chooser: the dialog that finds a picture for a text
draft_preview:   an article as it stands in its form
"""
