"""What the measured volunteer says."""

from __future__ import annotations

# Said one after the other: lengths and techniques vary, as in a chat.
LINES = [
    "It sounds like this week has taken a lot out of you.",
    "What has helped, even a little, when it got this heavy before?",
    "You kept going although nobody noticed how hard it was.",
    "It is completely up to you what you do with that.",
    "You could try to write a list and then talk to your manager about it on Monday.",
    "mm, I hear you",
    "Part of you wants to leave, and another part is scared of what comes after that.",
    "Would it be okay if I shared what other people in this place have found useful?",
]
