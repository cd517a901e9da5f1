from django.urls import path

from peersupport.practice import after_views, deleting_views, views
from peersupport.practice import transcript_views as transcripts

app_name = "practice"
urlpatterns = [
    path("practice/", views.scenarios, name="scenarios"),
    path("practice/<int:scenario_id>/start/", views.start, name="start"),
    path("chats/", views.chats, name="chats"),
    path("chats/<uuid:chat_id>/", views.chat, name="chat"),
    path("chats/<uuid:chat_id>/messages/", views.post, name="post"),
    path("chats/<uuid:chat_id>/events/", views.events, name="events"),
    path("chats/<uuid:chat_id>/stream/", views.stream, name="stream"),
    path("chats/<uuid:chat_id>/end/", views.end, name="end"),
    path("chats/<uuid:chat_id>/share/", transcripts.share, name="share"),
    path("chats/<uuid:chat_id>/delete/", deleting_views.delete, name="delete"),
    path("transcripts/", transcripts.transcripts, name="transcripts"),
    path("transcripts/new/", transcripts.new, name="transcript-new"),
    path("transcripts/<uuid:draft_id>/preview/", transcripts.preview, name="transcript-preview"),
    path("transcripts/<uuid:draft_id>/confirm/", transcripts.confirm, name="transcript-confirm"),
    path("transcripts/<uuid:draft_id>/discard/", transcripts.discard, name="transcript-discard"),
    path("chats/<uuid:chat_id>/rating/", after_views.rate, name="rate"),
    path("chats/<uuid:chat_id>/debrief/", after_views.debrief, name="debrief"),
    path("messages/<uuid:message_id>/retry/", views.retry, name="retry"),
    path("messages/<uuid:message_id>/try-again/", views.try_again, name="try-again"),
]
