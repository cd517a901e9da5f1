"""Whether a counselor asks about suicide, self-harm or safety: one reading for the seeker and the report.

A word of it is no question yet: "don't kill yourself over an exam" and "the world would be better off without
you" ask nothing. So a sentence must name the matter and ask, with a question mark, by the order of its words,
or by saying that it asks. What hurts is left to the rules of conduct, which this room does not know.
"""

from __future__ import annotations

import re

_SELF = r"(?:yoursel(?:f|ves)|urself|(?:your|ur) self|yourslef)"
_YOU = r"(?:you|u|ya)"
_SOMEWHERE = r"(?! (?:with|in|at|there|alone|near|together|here)\b)"
# The matter, said of the one who is spoken to.
_MATTER = re.compile(
    "|".join(
        (
            r"(?<!'s )(?<!his )(?<!her )(?<!their )(?<!my )\b(?:suicid\w*|suicd\w*|sui?cid(?:e|al))\b"
            r"(?! (?:hot ?line|line|prevention|squad))",
            r"self[- ]?harm",
            rf"\b(?:kill|hurt|harm|injure|injuring|hang|unalive|unaliving)(?:ing|ed)? {_SELF}",
            r"\b(?:people|others|many|some|someone)\b[^.!?]{0,60}\b(?:kill(?:ing)? themselves"
            r"|(?:end|take|ending|taking) their (?:own )?li(?:fe|ves))",
            r"\boverdos(?:e|ed|ing)\b",
            rf"\b(?:do|did) {_YOU} (?:\w+ )?cut\b(?= ?(?:[?.!]|$|too\b|to cope\b|again\b))",
            r"\b(?:wan+a|want to|going to|gon+a|about|of) k[ym]s\b",
            rf"\bcut(?:ting)? {_SELF}\b(?! (?:off|some|a|out|loose|short)\b)",
            rf"\bburn(?:ing)? {_SELF}\b(?! out)",
            rf"\b(?:do|doing|did|done|try|trying) (?:something|anything|harm)(?: \w+)? to {_SELF}",
            r"\b(?:end|ending|take|taking) (?:your|ur) (?:own )?life|\battempts? on (?:your|ur) life",
            r"\bend(?:ing)? it all",
            r"\b(?:about|of|to|like|with) end(?:ing)? (?:things|it|everything)\b"
            r"(?! (?:with|between|there|at|on|well|here)\b)",
            r"(?:\b(?:not|never)|(?<!wa)n'?t)(?: even| really| ever)? "
            r"(?:(?:wan+a|want(?:ing|ed)?|wish(?:ing)?|like|feel like) )?(?:to )?"
            r"(?:be(?:ing)? (?:here|alive|around)|wak(?:e|ing) up|exist(?:ing)?"
            rf"|liv(?:e|ing)\b{_SOMEWHERE})",
            r"(?<!where you )\b(?:wan+a|want(?:s|ing|ed)? (?:to|2)) (?:die|be dead|disappear|be alive"
            r"|stay alive"
            rf"|live\b{_SOMEWHERE})",
            r"\b(?:rather|better off) (?:be )?dead|\bbetter if you (?:were|was)(?: not|n'?t) (?:here|alive)",
            r"\bfeel(?:ing)? like dying",
            rf"\bwish(?:ing|ed)?(?: that)? {_YOU}(?: (?:were|was|could|would))(?: just)? "
            r"(?:dead|gone|die|disappear|vanish)",
            rf"\bwish(?:ing|ed)?(?: that)? {_YOU}"
            r"(?: (?:were|was|had|did|could|would)(?:n'?t| not)|(?: had|'d)? never)"
            r"(?: ever)? (?:been )?(?:here|alive|around|born|exist|wake)",
            r"\bthoughts? (?:of|about) (?:death|dying|ending)",
            r"\bth(?:ink|inking|ought) (?:\w+ )?(?:about|of) (?:death|dying)",
            r"\bbetter off without you|\bworth living|\b(?:stop|not) living|\breasons? to live",
            rf"\b(?:are {_YOU}|do {_YOU}|r u|{_YOU}) (?:\w+ )?"
            r"(?:feel(?:ing)? |be |stay(?:ing)? |keep(?:ing)? (?:yourself )?)?"
            r"(?:safe|unsafe)\b(?! (?:enough )?to (?:talk|say|share|tell|open|speak))",
            rf"\b(?:are {_YOU}|{_YOU}(?:'re| are)?) (?:\w+ ){{0,2}}?in (?:\w+ )?danger\b(?! of)"
            rf"|\b{_YOU}(?:'re| are)? (?:\w+ ){{0,2}}?(?:in a safe place|somewhere safe)\b",
            rf"\b(?:are|r) {_YOU} (?:\w+ )?cutting(?= ?(?:[?.!]|$|again\b|too\b))|\b{_YOU} (?:still )?cut\?",
            r"\b(?:keep|keeping|kept) (?:yourself|you) safe|\b(?:stay|staying) safe|\byour safety",
            r"\b(?:taken|swallowed) (?:(?:anything|something)(?! (?:for|from|out|off|away|to)\b)"
            r"|any (?:pills|tablets)|too many|pills|tablets|an overdose)",
        )
    ),
    re.IGNORECASE,
)
# Figures of speech, and mishaps: only "hurt", and only where no wish or try stands before it.
_NOT_MEANT = re.compile(
    rf"(?<!to )(?<!about )(?<!of )\bhurt(?:ing)? {_SELF} "
    r"(?:(?:by |from )?(?:working|staying|trying|running|playing)"
    r"|when you (?:fell|tripped|slipped)|falling|laughing|(?:at|in) (?:the gym|training))\b"
    rf"|\bkill(?:ing)? {_SELF} (?:laughing|working|with (?:work|worry))\b"
    rf"|\b(?:don'?t|why (?:do|are|would|should) {_YOU}|no need to|not worth) kill(?:ing)? {_SELF}"
    r" (?:over|for|at|with) (?:\w+ )?(?:exams?|jobs?|work|essays?|deadlines?|projects?|homework|diets?)\b",
    re.IGNORECASE,
)
# A question in form, and no question.
_URGES = re.compile(
    r"\bwhy (?:don'?t|not|won'?t|haven'?t)(?: you| u)?(?: \w+){0,2} (?:kill|end|hang|hurt|die|cut)\b"
    r"|\b(?:would|will|could|can) (?:you|u) (?:please|just|finally) (?:go |and |just )*"
    r"(?:kill|end|hang|die)\b",
    re.IGNORECASE,
)
_LEAD = (
    r"(?:^|[,:;] )\W*"
    r"(?:(?:so|and|but|or|ok|okay|well|hey|then|now|sorry|honestly|because|please|also|just)\b\W*){0,3}"
)
_AUX = r"(?:are|r|do|does|did|have|has|had|is|was|were|would|will|can|could|might)(?:n'?t)?"
_ASKING = re.compile(
    rf"{_LEAD}{_AUX} (?:(?:some|a|any|the|of) )*"
    rf"(?:{_YOU}|there|that|this|these|those|it|thoughts?|part|suicide|death|dying|self)\b"
    rf"|{_LEAD}(?:since |until )?(?:how|what|when|where|why|which|who)(?:'s)?(?: \w+){{0,3}}? {_AUX} "
    rf"(?:{_YOU}|ur|your|it|the|those|these|this|that|they|thoughts?|things?)\b"
    rf"|{_LEAD}how (?:long|often|many times) {_YOU} (?:been|had|have|felt|think|feel)"
    rf"|{_LEAD}(?:what|who) (?:stops|stopped|keeps|kept|holds|helps|makes|made|brings|brought) {_YOU}\b"
    rf"|{_LEAD}what(?:'?s| is) (?:stopping|keeping|holding|making|bringing) {_YOU}\b"
    rf"|{_LEAD}(?:what|who|how|which) (?:would|does|do|did|happened|knows?)\b(?=[^.!…]*$)"
    rf"|{_LEAD}am i\b|\bdo {_YOU} mean\b"
    rf"|{_LEAD}any (?!(?:one|body)\b)(?!.*\b(?:is|are|can|should|must|deserves?|matters?)\b)"
    rf"|{_LEAD}ever (?!since)\w+"
    rf"|{_LEAD}{_YOU} (?:(?:been|still|ever|even|actually|really|currently|feeling|just) )*"
    r"(?:suicidal|safe|thinking|having|planning|considering|gon+a|going to|hurting|cutting|wan+a)\b"
    r"(?=[^.!…]*$)"
    r"|\bi(?:'d| would)?(?: \w+)? (?:want|need|have|like|ought) to (?:ask|check|know|find out"
    r"|(?:be|make) sure (?:if|whether))\b|\bi(?:'ll| will| must| should| do)? ask\b"
    r"|\bi(?:'m| am) (?:going to ask|asking|wondering|curious)|\bi wonder\b"
    r"|\b(?:can|could|may|might) i (?:\w+ )?(?:ask|check)|\blet me ask"
    r"|\btell me (?:if|whether|honestly|plainly)"
    r"|\b(?:my|one|a|another) (?:\w+ )?question\b"
    # … and who invites to speak of it.
    rf"|(?:{_LEAD}|\b(?:you can|can you|could you|would you|will you|like you to|free to) )(?:please )?"
    r"(?:tell me|talk to me|say)(?: \w+){0,3}? about\b"
    r"|\bhelp me (?:to )?(?:understand|see)\b"
    r"|\b(?:let'?s|let us|we (?:can|could|should)"
    r"|i(?:'d| would)? (?:\w+ )?(?:want|like|need)(?: us| for us)? to) "
    r"(?:\w+ )?(?:talk|speak|hear)(?: \w+){0,3}? about\b",
    re.IGNORECASE,
)
# What is asked after a sentence that names the matter, as the person's own, is about it where it points back
# ("is that right?", "how long have you had these thoughts?") or is no more than "do you?".
_NO_TOPIC = re.compile(
    rf"\b(?:{_YOU}(?:'re| are) (?:\w+ )?safe|(?:your|ur) safety|(?:keep|stay|be|feel) safe"
    r"|want you (?:to )?(?:be |stay )?safe)\b",
    re.IGNORECASE,
)
_OF_YOU = re.compile(
    rf"(?<!thank )\b(?:{_YOU}|your|ur|yours?elf|urself)\b|\b(?:people|others|many)\b", re.IGNORECASE
)
_POINTS_BACK = re.compile(
    r"\b(?:that|this|it|these|those)\b(?! (?:your?|he|she|they|the|i|we|my|day|night|time|morning|evening"
    r"|weeks?"
    r"|weekend|month|year|job|person|people|man|guy|woman|friend|chat|service|conversation|summer|winter"
    r"|school|course|place)\b)|\b(?:them|they|such)\b",
    re.IGNORECASE,
)
_WEATHER = re.compile(r"\bhow (?:is|was|'s) it (?:at|in|with|going|out)\b|\bhow's it going\b", re.IGNORECASE)
_ECHO = re.compile(
    rf"^\W*(?:(?:and|so|or|but|also|hey|ok) )*(?:(?:are|r|do|did|have|had|would|were|can|could) {_YOU}"
    r"(?: (?:too|also|sometimes|ever|still|now|today|tonight|sure|agree|mean|say so|know|like that))?"
    r"|(?:for |since |and )?(?:how (?:often|long|strong|bad|much|close|come)|when|since when|why|really"
    r"|right now"
    r"|even now|right|correct|yes|true|tonight|still|again)"
    r"|(?:am|was|did) i (?:right|wrong|hear|heard|get|got|understand|understood|read|hearing|reading|getting"
    r"|understanding)\b[^.!?]*|what (?:do|did|would) you (?:mean|want to do|think happens)"
    r"|what (?:happened|was going on|was happening|changed|brought you there|helped)(?: then| before| there)?"
    r"|(?:can|could|would|will) you (?:tell|say|share|talk)(?: me)?(?: (?:a (?:bit|little) )?more)?"
    r"|how do you (?:mean|feel (?:now|right now|about (?:it|that)))|tell me more)\W*$",
    re.IGNORECASE,
)
# … unless it turns to help or to others.
_TURNS_AWAY = re.compile(
    r"\b(?:would|do|could) (?:you|u) (?:like|want|call|speak to|see|try)\b(?!.*\b(?:talk|tell|say|share)\b)"
    r"|\b(?:shall|can|could|may) (?:we|i)\b(?!.*\b(?:talk|ask|speak|check|that|it)\b)"
    r"|\b(?:how|what|who|where) (?:is|was|are|were|about) (?:your|the|his|her|their) (?!thoughts|plan|risk)",
    re.IGNORECASE,
)
# Asked once a sign is there, these are about it.
_NEAR = (
    r"(?:partner|husband|wife|boyfriend|girlfriend|bf|gf|ex|dad|father|mum|mom|mother|parents?|brother"
    r"|sister|uncle"
    r"|aunt|son|daughter|step\w+|family|teacher|boss|flatmate|roommate)"
)
_THINGS = r"(?:pills|tablets|meds|rope|gun|blades?|razors?|knife)"
_PLAN = re.compile(
    "|".join(
        (
            r"\b(?:have|made|got|is there|there'?s|with|any) (?:you |u )?(?:already )?(?:(?:an?|any|some) )?"
            r"(?:kind of )?plans?\b(?! (?:for (?!how|it|that)|b\b|to (?!do it|die|end|kill|hurt)"
            r"|(?:tonight|today|tomorrow|later|this|next|after|over|with|together|coming"
            r"|in (?!mind)|on (?!how)|at (?!all|the moment|this point))\b))",
            rf"\b(?:how|when|where) (?:would|did|will|might) {_YOU} do (?:it|this|that)\b(?! (?:at|for"
            rf"|with)\b)",
            r"\b(?:thought|think|thinking) about (?:how|when|where)\b(?= ?(?:[?.!,]|$)"
            rf"| (?:and|or)\b| to (?:do|die|end|kill)| {_YOU}(?:'d| would| might| will| could)? (?:do|die"
            rf"|end|kill|go)\b)",
            rf"\bhow {_YOU}(?:'d| would| might) do (?:it|this|that)",
            r"\b(?:have|got) (?:\w+ )?(?:the means|access to (?:anything|something|(?:a |any |the )?"
            rf"(?:means|weapons?|medication|{_THINGS}))|(?:a |the )?{_THINGS} (?:at home|with you"
            rf"|near you|there)"
            rf"|what {_YOU}(?:'d| would)? need to do (?:it|that|this))",
            rf"\bwhat would {_YOU} use\b"
            r"(?= ?(?:[?.!,]|$)| (?:to (?:do (?:it|that)|end|die|kill|hurt|harm|cut)|for (?:it|that)\b))",
            r"\b(?:act(?:ed|ing)?|intend\w*|intention)(?: to act| of acting)? on (?:it|them|these|those"
            r"|this|that)\b",
            rf"\bclose (?:are|were|have|had|did) {_YOU}\b"
            r"(?:(?: (?:come|came|get|got|gotten|been|now|right|last|ever|time|tonight"
            r"|today)){0,3}(?= ?(?:[?.!,]|$))"
            r"|(?: \w+){0,2} to (?:it|that|this|acting|doing|ending|dying|killing|hurting|trying|using|taking"
            r"|jumping|suicide|death|an attempt)\b)",
            # … the pills, the thoughts, the plan by their names.
            rf"\b(?:did|have|will|do) {_YOU} (?:\w+ )?(?:take|taken|swallow(?:ed)?|have|got|keep|put"
            rf"|thrown|throw)"
            rf" (?:\w+ )?(?:the|those|these|all|any|them)\b[^.!?]{{0,12}}\b{_THINGS}\b",
            rf"\bhow many (?:(?:of (?:them|those)|{_THINGS}) )?(?:did|have) {_YOU} (?:take|taken"
            rf"|swallow(?:ed)?)\b",
            rf"\bwhere (?:are|is) (?:the|those) {_THINGS}\b",
            r"\b(?:done|do|doing|started) anything to (?:prepare|get ready)(?= ?(?:[?.!,]|$)| for (?:it"
            r"|that|this)\b)",
            r"\bhow (?:strong|often|intense|frequent|bad|loud|long) (?:are|do|have|were|is"
            r"|has) (?:you had |you have )?"
            r"(?:these|those|the|your|such) (?:\w+ )?(?:thoughts|urges?|voices?|wish)\b",
            r"\b(?:about|what is|what's|share) (?:your|the|that|this) plan\b"
            r"(?! (?:for|to (?!do|die|end|kill|hurt)|b\b|at|with))",
            rf"\bdid {_YOU} (?:take|swallow) (?:(?:all of )?(?:them|it)|any)(?: all)?(?= ?(?:[?.!,]|$))",
            rf"\b(?:what|when) (?:did|have) {_YOU} (?:take|taken|swallow(?:ed)?)(?: them| it"
            rf"| the \w+)?(?= ?(?:[?.!,]|$))",
            rf"\b(?:can|could|would|will) {_YOU} (?:put|give|hand|lock|throw) (?:\w+ ){{0,3}}?{_THINGS}\b",
            rf"\bhave {_YOU} (?:already )?(?:decided|worked out|chosen) (?:how|when|where)(?= ?(?:[?.!,]"
            rf"|$)|(?: and| or)\b)",
            rf"\bare {_YOU} (?:really )?(?:going|planning|intending|about|ready) to do it\b(?! (?:at|for"
            rf"|with|by)\b)",
            rf"\b(?:have|did) {_YOU} (?:ever )?(?:tried|try|attempted|done) (?:it|this"
            rf"|that)?(?: ?before)(?= ?(?:[?.!,]|$))",
            # … and whether somebody hurts them, or they somebody.
            rf"\b(?:he|she|they|(?:your|ur) {_NEAR}|any ?(?:one|body)) (?:could|might|would|will"
            rf"|wants? to|is going to)"
            rf" (?:\w+ )?(?:hurt|hit|beat|harm|kill|attack) {_YOU}\b",
            r"\b(?:afraid|scared|frightened) to go (?:back )?home\b",
            rf"\b(?:is|are|does|do|did|has|have|was|were) (?:he|she|they|(?:your|ur) {_NEAR}|any ?(?:one"
            rf"|body)"
            r"|some ?(?:one|body)) (?:\w+ )?(?:hurt(?:ing)?|hit(?:ting)?|beat(?:ing|en)?|chok(?:e|ed|ing)"
            r"|threaten(?:ed|ing)?|forc(?:e|ed|ing)|abus(?:e|ed|ing)|harm(?:ed|ing)?|touch(?:ed|ing)?"
            rf"|strangl(?:e|ed|ing)|kick(?:ed|ing)?|punch(?:ed|ing)?|violent (?:to|with|towards)) {_YOU}\b",
            rf"\b(?:afraid|scared|frightened) of (?:him|her|them|(?:your|ur) {_NEAR}|going home)\b",
            r"\b(?:think\w*|thoughts?|want\w*|wan+a|wish\w*|going|gon+a|plan\w*|urges?|feel(?:ing)? like"
            r"|ever)\b"
            r"(?: \w+){0,3} (?:hurt|harm|kill|attack)(?:ing)? (?:some|any)(?: ?one| ?body)\b"
            r"|\b(?:think\w*|thoughts?|want\w*|going|plan\w*|urges?) (?:of|about|to) (?:hurt|harm|kill"
            r"|attack)(?:ing)?"
            r" (?:others|him|her|them)\b",
        )
    ),
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?…\n]+[.!?…]*")


def asks_about_safety(text: str, *, after_cue: bool = False) -> bool:
    """Whether a counselor asks about suicide, self-harm or safety. After a sign of risk, asking for a plan
    is asking about it as well."""
    carried = False
    for sentence in _SENTENCE.findall(_straight(text)):
        if _URGES.search(sentence):
            continue
        asked = "?" in sentence or _ASKING.search(sentence) is not None
        if carried and asked and _follows_up(sentence):
            return True
        named = _names(sentence)
        carried = named and _OF_YOU.search(sentence) is not None and _names(_NO_TOPIC.sub(" ", sentence))
        if asked and (named or (after_cue and _PLAN.search(sentence))):
            return True
    return False


def names_harm(text: str) -> bool:
    """Whether a message names suicide, self-harm or safety at all, and means it."""
    return any(_names(sentence) for sentence in _SENTENCE.findall(_straight(text)))


def _follows_up(sentence: str) -> bool:
    if _TURNS_AWAY.search(sentence) or _WEATHER.search(sentence):
        return False
    return _POINTS_BACK.search(sentence) is not None or _ECHO.search(sentence) is not None


def _names(sentence: str) -> bool:
    return _MATTER.search(_NOT_MEANT.sub(" ", sentence)) is not None


def _straight(text: str) -> str:
    return text.replace("\u2019", "'").replace("\u2018", "'")
