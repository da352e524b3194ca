"""The address under which a reader ends a kind of letter."""

from django.urls import path

from portal.delivery import views

urlpatterns = [path("letters/<str:token>/", views.unsubscribe, name="unsubscribe")]
