"""Each provider answers for itself: its alerts, its refresh, its errors at start."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.identity.models import RegistryReading
from portal.identity.providers import base, every_alert, every_provider
from portal.identity.providers.upkeep import NotByHand, NotTaken
from portal.identity.tasks import refresh_identity_providers


class Quiet(base.Provider):
    """A provider with nothing to watch, as most are."""

    method = base.TS_CNS

    def start(self, request, transaction, state):
        raise NotImplementedError

    def state_of(self, request):
        raise NotImplementedError

    def finish(self, request, transaction):
        raise NotImplementedError


@pytest.fixture
def doors(settings, tmp_path, db):
    settings.IDENTITY_PROVIDERS = [
        "tests.identity.providers.test_upkeep.Quiet",
        "portal.identity.providers.saml.Spid",
        "portal.identity.providers.oidc.CieOpenId",
    ]
    settings.IDENTITY_METADATA = tmp_path
    return {provider.key: provider for provider in every_provider()}


def test_a_provider_with_nothing_to_watch_answers_nothing(rf):
    quiet, now = Quiet(), timezone.now()
    assert (list(quiet.alerts(now)), list(quiet.production_errors()), quiet.loaded_entities(now)) == ([], [], [])
    assert not quiet.refreshable
    assert not quiet.refresh_is_due(now)
    assert quiet.card_ticket(rf.get("/accesso/ts-cns/carta/"), "", now) is None
    with pytest.raises(NotTaken):
        quiet.refresh(now)
    with pytest.raises(NotByHand):
        quiet.take_by_hand(None, "", (), now)


def test_the_alerts_of_all_providers_come_in_the_order_of_the_settings(doors, settings):
    now = timezone.now()
    expected = [str(alert) for provider in doors.values() for alert in provider.alerts(now)]
    assert [str(alert) for alert in every_alert(now)] == expected
    assert list(dict.fromkeys(alert.door for alert in every_alert(now))) == ["spid", "cie"]
    settings.IDENTITY_PROVIDERS = settings.IDENTITY_PROVIDERS[::-1]
    assert list(dict.fromkeys(alert.door for alert in every_alert(now))) == ["cie", "spid"]


def test_the_command_lists_only_what_can_be_refreshed(doors):
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("identity_providers", "check", stdout=out)
    assert "spid: " in out.getvalue()
    assert "ts-cns: " not in out.getvalue()


def test_a_registry_is_due_only_with_a_certificate_and_after_six_hours(doors, settings):
    spid, now = doors["spid"], timezone.now()
    settings.IDENTITY_REGISTRIES = {"spid": ("https://registro.example/", "")}
    assert not spid.refresh_is_due(now)
    settings.IDENTITY_REGISTRIES = {"spid": ("https://registro.example/", "a certificate")}
    assert spid.refresh_is_due(now)
    RegistryReading.objects.create(door="spid", at=now, source="https://registro.example/")
    assert not spid.refresh_is_due(now + timedelta(hours=5, minutes=59))
    assert spid.refresh_is_due(now + timedelta(hours=6))


def test_a_refresh_that_fails_does_not_stop_the_next_provider(doors, settings, caplog, monkeypatch):
    refreshed = []
    settings.IDENTITY_REGISTRIES = {"spid": ("https://registro.example/", "no PEM at all")}
    monkeypatch.setattr(doors["cie"], "refresh_is_due", lambda now: True)
    monkeypatch.setattr(doors["cie"], "refresh", refreshed.append)
    refresh_identity_providers()
    assert "the refresh of spid was not taken" in caplog.text
    assert len(refreshed) == 1


def test_an_unexpected_error_of_one_provider_does_not_stop_the_next(doors, caplog, monkeypatch):
    refreshed = []
    for door, refresh in (("spid", lambda now: 1 / 0), ("cie", refreshed.append)):
        monkeypatch.setattr(doors[door], "refresh_is_due", lambda now: True)
        monkeypatch.setattr(doors[door], "refresh", refresh)
    refresh_identity_providers()
    assert "the refresh of spid failed" in caplog.text
    assert len(refreshed) == 1
