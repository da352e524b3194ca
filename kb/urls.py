"""Addresses of the knowledge base."""

from django.urls import path

from kb import feeds, views

app_name = "kb"
urlpatterns = [
    path("", views.index, name="index"),
    path("search", views.find, name="search"),
    path("clicked", views.clicked, name="clicked"),
    path("suggest", views.suggest, name="suggest"),
    path("feed/", feeds.RecentArticles(), name="feed"),
    path("questions/", views.questions, name="questions"),
    path("sections/<slug:slug>/", views.section, name="section"),
    path("sections/<slug:slug>/feed/", feeds.SectionArticles(), name="section_feed"),
    path("tags/<str:tag>/", views.tag, name="tag"),
    path("tags/<str:tag>/feed/", feeds.TaggedArticles(), name="tag_feed"),
    path("pictures/<uuid:number>/<int:width>.webp", views.picture, name="picture"),
    path("<slug:slug>/", views.article, name="article"),
    path("<slug:slug>/vote/", views.vote, name="vote"),
    path("<slug:slug>/read/", views.read, name="read"),
    path("<slug:slug>/flag/", views.flag, name="flag"),
    path("<slug:slug>/confirm/", views.confirm, name="confirm"),
]
