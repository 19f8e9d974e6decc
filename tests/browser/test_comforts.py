"""The small script's comforts on a page, and the page without the script."""

from playwright.sync_api import expect

from tests.browser.harness import carry_session


def test_on_a_phone_the_left_menu_opens_without_a_script(chromium, live_server, anna_client):
    context = chromium.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 390, "height": 900}
    )
    carry_session(anna_client, context, live_server.url)
    page = context.new_page()
    page.goto("/servizi/4512/")
    menu = page.locator("details.menu")
    expect(menu.get_by_role("link", name="Avvisi e promemoria")).to_be_hidden()
    menu.get_by_text("Menu: Servizi on line").click()
    expect(menu.get_by_role("link", name="Avvisi e promemoria")).to_be_visible()
    context.close()


def test_a_double_click_sends_a_form_once(page, context, live_server, anna_client, certified, utenza):
    carry_session(anna_client, context, live_server.url)
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto("/servizi/4512/id-sessione/")
    page.get_by_role("button", name="Richiedi l’ID per la ricetta SSN").dblclick()
    expect(page.get_by_role("button", name="Mostra").first).to_be_visible()
    assert len(posts) == 1
