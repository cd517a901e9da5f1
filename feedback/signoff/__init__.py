"""Mock chats: a trainer rates an ended practice chat by hand and signs it off, or says what is missing."""
