"""The knowledge base in the admin; each file registers its own."""

from kb.admin.articles import ArticleAdmin, ArticleForm
from kb.admin.learning import LearningAdmin
from kb.admin.shelves import SectionAdmin, StopWordAdmin, SynonymsAdmin

__all__ = [
    "ArticleAdmin",
    "ArticleForm",
    "LearningAdmin",
    "SectionAdmin",
    "StopWordAdmin",
    "SynonymsAdmin",
]
