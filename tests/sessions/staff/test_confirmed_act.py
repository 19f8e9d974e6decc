"""The page of an act on one pharmacy: what happens after `perform`."""

from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory

from sessions.staff.confirmed_act import ConfirmedAct, ask_or_act


def reply(act, motivo="per prova"):
    """The response to a form with this reason, and the sentences that the operator reads next."""
    request = RequestFactory().post("/", {"motivo": motivo})
    request.session = {}
    request._messages = FallbackStorage(request)
    response = ask_or_act(request, act, "/indietro/")
    return response, [str(message) for message in request._messages]


def act(perform, **fields):
    return ConfirmedAct(perform=perform, template="partials/error_summary.html", **fields)


def test_the_act_gets_the_reason_and_the_operator_goes_back():
    reasons = []
    response, said = reply(act(lambda reason: reasons.append(reason) or True, done="Fatto."), "  per   prova. ")
    assert (response.status_code, response.url, said) == (302, "/indietro/", ["Fatto."])
    assert reasons == ["per prova"]


def test_without_a_reason_nothing_is_done():
    def perform(reason):
        raise AssertionError(reason)

    for empty in ("", " . ", "x" * 201):
        response, said = reply(act(perform, done="Fatto."), empty)
        assert (response.status_code, said) == (200, [])


def test_an_act_that_changed_nothing_shows_its_page_again():
    response, said = reply(act(lambda reason: False, done="Fatto."))
    assert (response.status_code, said) == (200, [])


def test_an_act_that_came_too_late_says_so_or_nothing():
    response, said = reply(act(lambda reason: False, done="Fatto.", too_late="È tardi."))
    assert (response.url, said) == ("/indietro/", ["È tardi."])
    response, said = reply(act(lambda reason: False, done="Fatto.", too_late=""))
    assert (response.url, said) == ("/indietro/", [])
