"""Words that a reply spells itself, whoever it answers."""

from __future__ import annotations

_OWN_WORDS = """
    about after again all also and any anybody anyone are aren't around because been before being
    but can can't could did didn't does doesn't don't down even ever every everybody everyone
    everything feel feeling feels felt for from get had has have haven't having hear her here him
    his how into isn't its it's just know like little make makes many maybe might more most much
    must never not nothing now off one only other out over perhaps really say says seem seems she
    she's should since some somebody something soon still such take that that's the their them then
    there these they they're thing things think this those though through time too try trying under
    until very want wants wasn't way were what when where whether which while who why will with
    without won't would yes you you'd you'll you're you've your yours yourself
"""
OWN_WORDS = frozenset(_OWN_WORDS.split())
