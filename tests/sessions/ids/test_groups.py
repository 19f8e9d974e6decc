"""The grouping of an id for display."""

from sessions.templatetags.id_sessione import groups


def test_the_groups_of_an_id_are_those_between_its_dashes() -> None:
    assert groups("0e9d7f3a-1c2b-4d5e-8f90-a1b2c3d4e5f6") == ["0e9d7f3a-", "1c2b-", "4d5e-", "8f90-", "a1b2c3d4e5f6"]
