"""URLs of lists of articles and their feeds. An article's own page, with its discussion, is in newsreader.urls."""

from django.urls import path, re_path

from articles.public import embedding, feeds, search_views, sitemaps, views

urlpatterns = [
    path("", views.front_page, name="front"),
    path("sections/<str:slug>/", views.section, name="section"),
    path("tags/<str:slug>/", views.tag, name="tag"),
    path("authors/<str:slug>/", views.author, name="author"),
    path("search/", search_views.search_page, name="search"),
    path("search/opensearch.xml", search_views.opensearch, name="opensearch"),
    path("oembed/", embedding.oembed, name="oembed"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("news-sitemap.xml", sitemaps.news, name="news-sitemap"),
    path("sitemaps/lists.xml", sitemaps.lists),
    re_path(r"^sitemaps/(?P<year>[0-9]{4})-(?P<month>[0-9]{2})\.xml$", sitemaps.month),
    path("feed/", feeds.site, name="feed"),
    path("feed/<slug:form>/", feeds.site),
    path("sections/<str:slug>/feed/", feeds.section),
    path("sections/<str:slug>/feed/<slug:form>/", feeds.section),
    path("tags/<str:slug>/feed/", feeds.tag),
    path("tags/<str:slug>/feed/<slug:form>/", feeds.tag),
    path("authors/<str:slug>/feed/", feeds.author),
    path("authors/<str:slug>/feed/<slug:form>/", feeds.author),
]
