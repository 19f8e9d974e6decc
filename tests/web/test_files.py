"""The two files that programs fetch from the root."""


def test_search_engines_read_nothing_of_the_demonstration(client, db):
    answer = client.get("/robots.txt")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.decode().splitlines() == ["User-agent: *", "Disallow: /"]


def test_search_engines_keep_out_of_the_inner_rooms_in_production(client, db, settings):
    settings.DEMO = False
    assert client.get("/robots.txt").content.decode().splitlines()[1:] == [
        "Disallow: /operatori/",
        "Disallow: /servizi/",
    ]


def test_the_icon_of_the_old_address_is_the_logo(client, db):
    assert "logo" in client.get("/favicon.ico").url
