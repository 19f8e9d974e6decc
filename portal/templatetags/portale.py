"""Template filters and tags for times, addresses and icons. `{% load portale %}`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.core.paginator import Page
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.secrets import masking
from portal.time import clock, said_lengths
from portal.values import mail_address

register = template.Library()

register.filter("moment", clock.italian_moment)  # 00:35 di martedì 24 novembre 2026
register.filter("beside", clock.moment_beside)  # {{ at|beside:other }}: 00:35 on the day of the other
register.filter("date_time", clock.italian_date_time)  # 23 novembre 2026, ore 10:44
register.filter("hour", clock.italian_time)  # 14:32
register.filter("relative", clock.relative_moment)  # {{ at|relative:now }}: oggi 14:51
register.filter("when", clock.moment_in_words)  # {{ at|when:now }}: oggi alle 14:51
register.filter("day", clock.day_in_words)  # lunedì 23 novembre
register.filter("date_words", clock.date_in_words)  # lunedì 23 novembre 2026
register.filter("mask", masking.mask_address)  # id•••@farmaciasanmarco.it
register.filter("mask_addresses", masking.mask_addresses_in)  # in a mail server's answer
register.filter("mask_people", masking.mask_people_in)  # addresses and codici fiscali, in a line of the journal
register.filter("mask_codice_fiscale", masking.mask_codice_fiscale)
register.filter("mail_domain", masking.domain_of)
register.filter("readable", mail_address.readable)  # an accented domain with its accents


register.simple_tag(said_lengths.said, name="said")  # {% said "SESSION_IDLE_FOR" %}: 30 minuti


@register.filter
def seconds(at: datetime) -> str:
    """`10:42:03`, Italian time."""
    return f"{at.astimezone(clock.ROME):%H:%M:%S}"


@register.filter
def seconds_seen_from(at: datetime, now: datetime) -> str:
    """`{{ at|seconds_seen_from:now }}`: `10:42:03`, with the day when it is not today: `ieri 23:55:28`."""
    day = clock.relative_moment(at, now).rsplit(" ", 1)[0]
    return seconds(at) if day == "oggi" else f"{day} {seconds(at)}"


@register.filter
def until(at: datetime, now: datetime) -> str:
    """`9 h 26 min`: the time between now and then, before or after."""
    return clock.in_words(at - now)


@register.filter
def duration(length: timedelta) -> str:
    return clock.in_words(length)


@register.filter
def thousands(number: int) -> str:
    """`19.110`."""
    return f"{number:,}".replace(",", ".")


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon of Bootstrap Italia's sprite, hidden from screen readers, because the text beside it has the same meaning."""
    return _svg(name, css, static("bi/sprites.svg"))


@lru_cache(maxsize=512)
def _svg(name: str, css: str, sprites: str) -> SafeString:
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', css, sprites, name
    )


@register.simple_tag
def page_numbers(page: "Page[object]") -> Iterator[int | str]:
    """1, 2, …, 9: the pages worth a link from this one, for partials/pagination.html."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
