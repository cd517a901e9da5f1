"""The seeker's answer to a counselor's message: writing it once, and having the coach's model word it."""
