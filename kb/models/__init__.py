"""The knowledge base, a file a subject."""

from kb.models.articles import (
    Access,
    Article,
    ArticleStatus,
    Kind,
    ReadCount,
    Revision,
    Section,
    Significance,
    Vote,
    new_short_code,
)
from kb.models.authoring import ArticleEvent, EditLock, Picture, Unsaved
from kb.models.index import Lexeme, Posting, SearchDocument, SearchStatistics, Word
from kb.models.learning import AskedQuestion, QuestionClick, QuestionMark, QuestionState
from kb.models.searching import StopWord, Synonyms
from kb.models.structure import ArticleLink, OldAddress

__all__ = [
    "Access",
    "Article",
    "ArticleEvent",
    "ArticleLink",
    "ArticleStatus",
    "AskedQuestion",
    "EditLock",
    "Kind",
    "Lexeme",
    "OldAddress",
    "Picture",
    "Posting",
    "QuestionClick",
    "QuestionMark",
    "QuestionState",
    "ReadCount",
    "Revision",
    "SearchDocument",
    "SearchStatistics",
    "Section",
    "Significance",
    "StopWord",
    "Synonyms",
    "Unsaved",
    "Vote",
    "Word",
    "new_short_code",
]
