"""The knowledge base for programs: read, search, vote. Thin, over the same querysets and actions."""

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, generics, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from kb import actions, lists, search
from kb.models import Article, Section
from kb.readers import voter_of
from portal import html
from portal.http import within_rate
from portal.programs import In, Pages

LANGUAGES = [code for code, _name in settings.LANGUAGES]


class SectionOut(serializers.ModelSerializer):
    """A section."""

    within = serializers.CharField(
        source="parent.slug", default=None, help_text="Slug of the section that it stands within"
    )
    article_count = serializers.IntegerField(help_text="With what stands within it")

    class Meta:
        model = Section
        fields = (
            "slug", "within", "title_ru", "title_en", "description_ru", "description_en", "icon",
            "article_count",
        )  # fmt: skip


class ArticleRowOut(serializers.ModelSerializer):
    """An article in a list."""

    title = serializers.CharField(source="current_revision.title")
    summary = serializers.CharField(source="current_revision.summary")
    section = serializers.CharField(source="section.slug")
    url = serializers.SerializerMethodField(help_text="The page for people")

    class Meta:
        model = Article
        fields = ("slug", "language", "section", "title", "summary", "url", "updated_at")

    def get_url(self, article: Article) -> str:
        """Give the address of the page."""
        return f"{settings.SITE_URL}{article.get_absolute_url()}"


class ArticleOut(ArticleRowOut):
    """An article with its text."""

    body = serializers.SerializerMethodField(help_text="Clean HTML")
    short_link = serializers.SerializerMethodField(help_text="An address that never changes")

    class Meta:
        model = Article
        fields = (*ArticleRowOut.Meta.fields, "body", "short_link", "tags", "checked_on")

    def get_body(self, article: Article) -> str:
        """Give the text, cleaned once more."""
        return html.clean(article.current_revision.body) if article.current_revision else ""

    def get_short_link(self, article: Article) -> str:
        """Give the address that never changes."""
        return f"{settings.SITE_URL}{reverse('short_link', args=[article.short_code])}"


class HitOut(serializers.Serializer):
    """An article that answers."""

    article = ArticleRowOut()
    snippet = serializers.CharField(help_text="HTML with <mark> around found words")
    score = serializers.FloatField()


class ResultsOut(serializers.Serializer):
    """What a search found."""

    query = serializers.CharField()
    corrected = serializers.CharField(
        help_text="As what the question was understood; empty: as typed"
    )
    total = serializers.IntegerField()
    hits = HitOut(many=True)
    nearest = ArticleRowOut(many=True, help_text="What is read most, when nothing was found")


class ListIn(serializers.Serializer):
    """Which articles to list."""

    section = serializers.SlugField(required=False, help_text="Slug of a section")
    language = serializers.ChoiceField(LANGUAGES, required=False)


class SearchIn(serializers.Serializer):
    """What to search for."""

    q = serializers.CharField(allow_blank=True, help_text="The question")
    language = serializers.ChoiceField(
        LANGUAGES, required=False, help_text="The reader's language; articles without it follow"
    )


class VoteIn(In):
    """Did this help?"""

    is_helpful = serializers.BooleanField()
    reasons = serializers.MultipleChoiceField(choices=actions.REASONS, required=False)
    comment = serializers.CharField(
        required=False, allow_blank=True, max_length=actions.LONGEST_COMMENT
    )


class ArticlePages(Pages):
    """Pages of articles, the latest first."""

    moment = "updated_at"


class SectionList(generics.ListAPIView):
    """Sections with articles that this reader may read."""

    permission_classes = (AllowAny,)
    serializer_class = SectionOut
    pagination_class = None
    queryset = Section.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen: a section of hidden articles is as good as none."""
        visible = Article.objects.visible_to(self.request.user)
        return lists.filled(visible)


class ArticleList(generics.ListAPIView):
    """Articles that this reader may read."""

    permission_classes = (AllowAny,)
    serializer_class = ArticleRowOut
    pagination_class = ArticlePages
    queryset = Article.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen."""
        asked = ListIn(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        visible = Article.objects.visible_to(self.request.user).for_list()
        names = {"section": "section__slug", "language": "language"}
        return visible.filter(**{names[key]: value for key, value in asked.validated_data.items()})

    @extend_schema(parameters=[ListIn])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List articles."""
        return super().get(request, *args, **kwargs)


class ArticleDetail(generics.RetrieveAPIView):
    """One article."""

    permission_classes = (AllowAny,)
    serializer_class = ArticleOut
    lookup_field = "slug"
    queryset = Article.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen."""
        return Article.objects.visible_to(self.request.user).for_reading()


class ArticleSearch(APIView):
    """Search."""

    permission_classes = (AllowAny,)

    @extend_schema(parameters=[SearchIn], responses=ResultsOut)
    def get(self, request: Request) -> Response:
        """Answer a question with articles, best first."""
        asked = SearchIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        results = search.search(
            query=asked.validated_data["q"],
            user=request.user,
            language=asked.validated_data.get("language") or get_language() or LANGUAGES[0],
        )
        return Response(ResultsOut(results).data)


class ArticleVote(APIView):
    """Did this help?"""

    permission_classes = (AllowAny,)

    @extend_schema(request=VoteIn, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        """Keep what this reader says of the article's present words."""
        visible = Article.objects.visible_to(request.user).select_related("current_revision")
        revision = get_object_or_404(visible, slug=slug).current_revision
        if revision is None:
            raise exceptions.NotFound
        said = VoteIn(data=request.data)
        said.is_valid(raise_exception=True)
        asked = request._request  # DRF's own way to Django's request
        person = request.user if isinstance(request.user, User) else None
        if person is None and not within_rate(asked, "vote"):
            raise exceptions.Throttled
        actions.vote(
            revision=revision,
            voter=voter_of(asked),
            author=person,
            language=get_language() or LANGUAGES[0],
            at=timezone.now(),
            **said.validated_data,
        )
        return Response(status=204)


urlpatterns = [
    path("sections/", SectionList.as_view(), name="sections"),
    path("articles/", ArticleList.as_view(), name="articles"),
    path("articles/<slug:slug>/", ArticleDetail.as_view(), name="article"),
    path("articles/<slug:slug>/vote/", ArticleVote.as_view(), name="vote"),
    path("search/", ArticleSearch.as_view(), name="search"),
]
