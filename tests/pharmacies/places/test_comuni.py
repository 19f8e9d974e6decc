import pytest

from pharmacies.places.comuni import Match, WrittenPlace, comuni, find
from pharmacies.places.resolving import resolve


@pytest.mark.parametrize(
    ("place", "catasto", "match"),
    [
        (WrittenPlace("VENARIA", cap="10078"), "L727", Match.SPELLING),
        (WrittenPlace("VENARIA"), "L727", Match.SPELLING),
        (WrittenPlace("SAN REMO", cap="18038"), "I138", Match.NAME),
        (WrittenPlace("IESOLO", cap="30016"), "C388", Match.SPELLING),
        (WrittenPlace("MUGGI?", cap="20835"), "F797", Match.SPELLING),
        (WrittenPlace("NOCERA TIRINESE", cap="88047"), "F910", Match.SPELLING),
        (WrittenPlace("FORLI'"), "D704", Match.NAME),
        (WrittenPlace("Forlì"), "D704", Match.NAME),
        (WrittenPlace("FORLI’", istat="040012", province="FC", region_code="080"), "D704", Match.NAME),
        (WrittenPlace("Bolzano/Bozen"), "A952", Match.NAME),
        (WrittenPlace("CORIGLIANO CALABRO"), "M403", Match.FORMER),
        (WrittenPlace("ROSSANO", province="CS"), "M403", Match.FORMER),
        (WrittenPlace("CAPACCIO"), "B644", Match.FORMER),
        (WrittenPlace("", istat="001292"), "L727", Match.CODE),
        (WrittenPlace("FRAZIONE SPERDUTA", istat="001292"), "L727", Match.CODE),
    ],
)
def test_a_comune_is_found_by_its_name_of_today_a_former_one_another_spelling_or_its_code(place, catasto, match):
    found = find(place)
    assert (found.comune.today, found.match) == (catasto, match)


def test_the_cap_decides_between_two_comuni_of_one_name():
    assert resolve(WrittenPlace("PATERNO'", cap="95047")).region_code == "190"
    assert resolve(WrittenPlace("PATERNO'", cap="85050")).region_code == "170"
    assert resolve(WrittenPlace("PATERNO'")).region_code == ""
    assert resolve(WrittenPlace("PATERNO'", province="CT")).region_code == "190"


@pytest.mark.parametrize("istat", ["090047", "104017", "113017", "113014", ""])
def test_every_istat_code_of_olbia_means_the_same_comune(istat):
    assert resolve(WrittenPlace("OLBIA", istat, "", "200", "07026")).catasto == "G015"


@pytest.mark.parametrize("istat", ["092012", "107003", "111009", "119003"])
def test_carbonia_without_a_province_is_in_the_one_of_today(istat):
    resolved = resolve(WrittenPlace("CARBONIA", istat, "", "200", "09013"))
    assert (resolved.catasto, resolved.province, resolved.added) == ("B745", "CI", ("province",))


def test_a_province_that_the_file_says_is_not_changed():
    assert resolve(WrittenPlace("OLBIA", "090047", "SS", "200")).province == "SS"


@pytest.mark.parametrize(
    "place",
    [
        WrittenPlace("ATLANTIDE"),
        WrittenPlace("ATLANTIDE", cap="10078"),
        WrittenPlace("CASTRO"),  # Bergamo, Lecce
        WrittenPlace("BASTIA"),  # Umbra, Mondovì
        WrittenPlace("VENARIA", cap="07026"),
        WrittenPlace("VENARIA", istat="090047", cap="10078"),  # Piemonte by its name, Sardegna by its code
        WrittenPlace(),
    ],
)
def test_a_place_that_may_be_in_two_regions_or_in_none_stays_without_one(place):
    resolved = resolve(place)
    assert (resolved.region_code, resolved.province, resolved.catasto, resolved.added) == ("", "", "", ())


def test_a_region_that_contradicts_the_comune_is_left_and_the_comune_stays_unknown():
    resolved = resolve(WrittenPlace("TRENTO", "022205", "TN", "010"))
    assert (resolved.region_code, resolved.catasto) == ("010", "")


def test_a_code_of_a_comune_that_nobody_knows_tells_its_province_and_region():
    resolved = resolve(WrittenPlace("COMUNE NUOVO", "113999"))
    assert (resolved.region_code, resolved.province, resolved.catasto) == ("200", "OT", "")


def test_the_table_holds_the_comuni_of_today_and_the_eight_provinces_of_sardegna():
    table = comuni()
    assert 7880 <= len(table.name_today) <= 7910
    of_sardegna = {
        one.province for code, one in table.by_catasto.items() if one.region_code == "200" and code in table.name_today
    }
    assert of_sardegna == {"CA", "SS", "NU", "OR", "OT", "OG", "VS", "CI"}
    assert len([code for code in table.name_today if table.by_catasto[code].region_code == "200"]) == 377
    assert len({region for _, region in table.provinces.values()}) == 21
