"""Phrases of sites and mails: what their buttons, menus and sections are called.

Whole lines, folded to small letters; what has something in it that changes stands in `evidence`.
"""

from __future__ import annotations

import re


def _listed(written: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in re.split(r"[|\n]", written) if phrase.strip())


def _words(written: str) -> frozenset[str]:
    return frozenset(written.split())


# What only a site or a mail says.
BUTTONS = _listed("""
    accept all|accept all cookies|accept cookies|reject all|reject all cookies|manage cookies
    manage preferences|manage choices|manage your preferences|cookie policy|cookie settings
    cookie preferences|cookie notice|privacy policy|privacy notice|privacy settings|terms of use
    terms of service|terms of sale|terms and conditions|terms & conditions|terms and services
    advertise with us|advertise here|sponsored content|sign in|sign up|sign out|log in|log out
    log on|login|logout|signup|sign-in|sign-up|log-in|log-out|register now|my account
    create account|create an account|create a free account|subscribe now|subscribe today
    subscribe here|newsletter sign-up|newsletter signup|contact us|about us|help center
    help centre|site map|rss feed|rss feeds|share this|share this article|share this story
    share this page|copy link|print this|follow us|read more|view more|see more|show more
    load more|read all|view all|see all|show all|read less|see less|show less|more news
    more stories|most read|most popular|most viewed|most shared|most commented|trending now
    related articles|related stories|related news|related content|recommended for you
    recommended reading|recommended stories|you may also like|you might also like
    you may also enjoy|you might also enjoy|leave a comment|leave a reply|your email
    enter your email|your e-mail|your email address|enter your email address|your e-mail address
    next page|previous page|prev page|back to top|back to home|back to homepage|back to home page
    zum inhalt springen|zum hauptinhalt springen|aller au contenu|saltar al contenido
    ir al contenido|vai al contenuto|перейти к содержанию|donate now|donate today|donate here
    support us|get the app|get our app|get the newsletter|view in browser|view in your browser
    view this email in your browser|view online|unsubscribe|unsubscribe here
    update your preferences|update preferences|manage subscription|manage your subscription
    email preferences|forward to a friend|forward this email|send feedback|edit this alert
    edit alert|view all your alerts|see more results|receive this alert as rss feed|google alerts
    flag as irrelevant|full coverage|see more headlines & perspectives|continue reading
    story continues below|article continues below|advertisement
    story continues below advertisement|all rights reserved|main menu|top stories|latest news
    latest stories|latest headlines|editor's picks|editor's pick|editors' picks|editors’ picks
    editor’s picks|editor’s pick|join the conversation|this is an advertisement
    do not sell my personal information|do not sell or share my personal information
    your privacy choices|ad choices|adchoices|sent from my iphone|open in app|watch live
    listen now|watch now|play video|toggle navigation|open navigation menu|close menu|open menu
    jump to content|add to favourites|add to favorites|save article|save for later|save story
    gift article|share on facebook|share on twitter|share on x|share on whatsapp|share on telegram
    share via email|email this|use app|hide ad|report ad|work with us|write for us|join our team
    picks for you|more to read|from our partners|about this page|about this site|about community
    you have javascript disabled|load more articles|click here to search|skip links|end of list
    do not share or sell my info|work for us|more to explore|also in news|more top stories
    navigation menu|ad feedback|live updates|user accounts help
""")

# What menus say, and titles and topics of other lists too.
NAMES = _listed("""
    advertisement|advertisements|advertising|advertise|sponsored|promoted|ad|ads|merchandise|shop
    our shop|store|our store|home|homepage|home page|menu|search|register|subscribe|subscription
    subscriptions|newsletter|newsletters|contact|about|career|careers|help|faq|faqs|sitemap|rss
    privacy|terms|cookies|cookie|share|tweet|email|e-mail|print|follow|facebook|twitter|instagram
    telegram|youtube|linkedin|whatsapp|x|tiktok|threads|bluesky|mastodon|reddit|latest|trending
    related|recommended|comment|comments|reply|next|previous|prev|back|donate|save|hide|report
    award|login|imprint|impressum|accessibility|accessibility statement|code of ethics|hacker news
    more|live|video|videos|watch|listen|audio|podcast|podcasts|gallery|galleries|photos|pictures
    in pictures|opinion|editorial|analysis|exclusive|breaking|breaking news|developing|must read
    must reads|feature|features|explainer|sponsored by|paid content|partner content
""")

# Sections and places that sites sort news by: a line of nothing but these words is a label.
SECTIONS = _words("""
    news world politics business economy markets money finance sport sports football cricket
    tennis opinion comment editorial analysis culture arts art books film films movies music tv
    television radio media theatre stage games style fashion life lifestyle travel food health
    wellness science tech technology climate environment energy weather education society
    obituaries video videos audio podcasts photos pictures gallery live latest local national
    international region regional regions city uk us usa u.s. u.k. eu europe asia africa americas
    america australia canada china russia ukraine india israel gaza middle east west north south
    central latin pacific mena home law crime courts security defense defence diplomacy real
    estate property motoring cars entertainment celebrity celebrities puzzles crosswords recipes
    family parenting jobs investigations features explainers long reads letters columns columnists
    blogs weekend magazine today week the and & of
""")

# The last words of what publishers are called.
PAPERS = _words("""
    times post news herald journal guardian gazette telegraph tribune chronicle press agency daily
    weekly review standard observer mail independent express mirror globe examiner ledger courier
    monitor network wire today bulletin dispatch echo inquirer sentinel argus insider tv fm bureau
""")

# Agencies and publishers of one word.
AGENCIES = _words("""
    reuters ap afp bbc cnn npr pbs nbc cbs abc itv dpa efe ansa tass interfax kyodo yonhap xinhua
    upi bloomberg axios politico meduza ndtv euronews rferl
""")
