from django.urls import path

from peersupport.practice import views

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
    path("messages/<uuid:message_id>/retry/", views.retry, name="retry"),
]
