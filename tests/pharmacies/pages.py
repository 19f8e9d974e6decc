"""Inputs and clicks shared by the tests of these pages."""

from django.urls import reverse

from tests.pharmacies.letters import a_wrong_code

BOX = "idsessione@alredentore.it"
OTHER = "farmacia@alredentore.it"
CODE = "1877"  # Bruno's pharmacy


def page(name: str, code: str = CODE) -> str:
    return reverse(name, args=[code])


def content(response) -> str:
    return response.content.decode().replace("&nbsp;", " ")


def ask(client, address: str = BOX, name: str = "wizard:address", code: str = CODE, **also):
    return client.post(page(name, code), {"indirizzo": address, **also})


def type_code(client, typed: str, code: str = CODE, **also):
    return client.post(page("wizard:code", code), {"codice": typed, **also})


def type_wrong_codes(client, how_many: int, code: str = CODE) -> list[str]:
    """Types that many different wrong codes."""
    typed: list[str] = []
    for _ in range(how_many):
        typed.append(a_wrong_code(*typed))
        type_code(client, typed[-1], code)
    return typed


def ask_again(client, code: str = CODE):
    return client.post(page("wizard:new_code", code), follow=True)
