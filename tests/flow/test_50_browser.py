# SPDX-License-Identifier: Apache-2.0
"""The form in a real browser with JavaScript switched off: filled in, wrong, corrected, sent; with the keyboard alone;
and what a screen reader is told (WCAG 2.2, as far as a machine can see it)."""
import re

import pytest
from browser import Browser, accessible, leave
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

CONFIG = """
channels:
  - name: contact
    kind: form
    min_fill: 1ms
    rate: 1000
    title: "Write to us"
    intro: "We answer within a day."
    privacy_url: "https://example.com/privacy"
    consent_text: "You may store what I wrote."
    uploads: true
  - {name: kontakt, kind: form, min_fill: 1ms, rate: 1000, language: de, title: "Schreiben Sie uns"}
"""


@pytest.fixture(scope="module")
def browser():
    with Browser() as driver:
        yield driver


@pytest.fixture
def desk(new_desk):
    return new_desk(config=CONFIG).up()


def type_in(driver, name, words):
    field = driver.find_element(By.ID, name)
    field.clear()
    field.send_keys(words)


def value(driver, name):
    return driver.find_element(By.ID, name).get_attribute("value")


def send(driver):
    leave(driver, driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click)


def focused(driver):
    return driver.switch_to.active_element


def test_javascript_is_off(browser):
    browser.get("data:text/html,<title>off</title><script>document.title='on'</script><noscript>none</noscript>")
    assert browser.title == "off" and "none" in browser.page_source


def test_wrong_then_corrected_then_sent(desk, browser, tmp_path):
    upload = tmp_path / "invoice.pdf"
    upload.write_bytes(b"%PDF-1.4\nhello")
    browser.get(desk.endpoints["channel.contact"])
    assert browser.title == "Write to us"
    type_in(browser, "name", "Zoë <Ann>")
    type_in(browser, "email", "not an address")
    type_in(browser, "subject", 'My "order" & more')
    browser.find_element(By.ID, "consent").click()
    browser.find_element(By.ID, "files").send_keys(str(upload))
    send(browser)

    assert browser.title == "Error: Write to us", "said first, before anything is read out"
    summary = browser.find_element(By.CSS_SELECTOR, "[role=alert]")
    assert focused(browser) == summary, "the focus is on what is wrong, without a script"
    links = {a.text: a.get_attribute("href").rsplit("#")[1] for a in summary.find_elements(By.TAG_NAME, "a")}
    assert sorted(links.values()) == ["email", "message"]
    assert "choose your files again" in summary.text
    assert (value(browser, "name"), value(browser, "email"), value(browser, "subject")) == (
        "Zoë <Ann>", "not an address", 'My "order" & more')
    assert browser.find_element(By.ID, "consent").is_selected()
    for name in ("email", "message"):
        field = browser.find_element(By.ID, name)
        assert field.get_attribute("aria-invalid") == "true"
        described = " ".join(browser.find_element(By.ID, i).text
                             for i in field.get_attribute("aria-describedby").split())
        assert any(text in described for text in links if links[text] == name)
    summary.find_element(By.PARTIAL_LINK_TEXT, "e-mail").click()
    assert focused(browser).get_attribute("id") == "email", "an error leads to its field"

    type_in(browser, "email", "zoe@example.org")
    type_in(browser, "message", "First line\nSecond line")
    browser.find_element(By.ID, "files").send_keys(str(upload))
    send(browser)
    assert browser.title == "Thank you" and "/thanks?" in browser.current_url
    reference = browser.find_element(By.CLASS_NAME, "reference").text
    leave(browser, browser.refresh)
    assert browser.find_element(By.CLASS_NAME, "reference").text == reference, "303: a reload sends nothing again"

    (e,) = desk.wait_events(1)
    d = e["data"]
    assert (d["reference"], d["from"]["name"], d["from"]["address"]) == (reference, "Zoë <Ann>", "zoe@example.org")
    assert (d["subject"], d["text"].replace("\r\n", "\n")) == ('My "order" & more', "First line\nSecond line")
    assert d["attachments"][0]["name"] == "invoice.pdf" and d.get("suspected", "") == ""
    assert d["queue"] == "support"
    leave(browser, browser.find_element(By.PARTIAL_LINK_TEXT, "another message").click)
    assert browser.title == "Write to us" and value(browser, "name") == ""


def test_back_and_send_again_is_one_message(desk, browser):
    browser.get(desk.endpoints["channel.contact"])
    type_in(browser, "email", "again@example.org")
    type_in(browser, "message", "only once")
    send(browser)
    reference = browser.find_element(By.CLASS_NAME, "reference").text
    leave(browser, browser.back)
    assert value(browser, "message") == "only once"
    send(browser)
    assert browser.find_element(By.CLASS_NAME, "reference").text == reference
    leave(browser, browser.back)
    type_in(browser, "message", "something else")
    send(browser)
    assert reference in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text, "asked: was it meant?"
    assert value(browser, "message") == "something else"
    send(browser)
    assert browser.find_element(By.CLASS_NAME, "reference").text != reference
    assert [e["data"]["text"] for e in desk.wait_events(2)] == ["only once", "something else"]


def test_keyboard_alone(desk, browser):
    """Tab, type, Enter: every field is reached in its order, the trap for robots never."""
    browser.get(desk.endpoints["channel.contact"])
    words = {"name": "Kim", "email": "kim@example.org", "phone": "+1 415 555 2671", "subject": "keys",
             "message": "by keyboard"}
    reached = []

    def press(keys):
        ActionChains(browser).send_keys(keys).perform()
    press(Keys.TAB)
    while "submit" not in (reached or [""])[-1]:
        here = focused(browser)
        name = here.get_attribute("id") or here.get_attribute("type")
        reached.append(name)
        assert len(reached) < 20 and here.is_displayed(), reached
        if name in words:
            press(words[name])
        if name == "consent":
            press(" ")
        if name != "submit":
            press(Keys.TAB)
    assert reached == ["name", "email", "phone", "subject", "message", "files", "consent", "submit"]
    leave(browser, lambda: press(Keys.ENTER))
    assert browser.title == "Thank you"
    (e,) = desk.wait_events(1)
    d = e["data"]
    assert (d["from"]["name"], d["subject"], d["text"]) == ("Kim", "keys", "by keyboard")
    assert d.get("suspected", "") == ""


def contrast(driver, element):
    """WCAG 1.4.3 of an element's own text on the nearest background that is painted."""
    def rgb(text):
        numbers = [float(n) for n in re.findall(r"[\d.]+", text)]
        return numbers[:3], (numbers[3] if len(numbers) > 3 else 1.0)

    def luminance(colour):
        parts = [c / 255 for c in colour]
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    front, at = rgb(element.value_of_css_property("color"))[0], element
    while True:
        back, opaque = rgb(at.value_of_css_property("background-color"))
        if opaque > 0:
            break
        if at.tag_name == "html":
            back = [255, 255, 255]
            break
        at = at.find_element(By.XPATH, "..")
    light, dark = sorted((luminance(front), luminance(back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("channel,language", [("contact", "en"), ("kontakt", "de")])
@pytest.mark.parametrize("page", ["empty", "wrong", "thanks"])
def test_accessible(desk, browser, channel, language, page):
    browser.get(desk.endpoints[f"channel.{channel}"])
    if page == "wrong":
        type_in(browser, "email", "wrong")
    if page == "thanks":
        type_in(browser, "email", "a@example.org")
        type_in(browser, "message", "hello")
    if page != "empty":
        send(browser)
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
    assert len(browser.find_elements(By.TAG_NAME, "h1")) == 1 and browser.find_elements(By.TAG_NAME, "main")
    assert browser.find_elements(By.TAG_NAME, "script") == [], "nothing needs JavaScript"
    seen = accessible(browser)
    operable = [(role, name) for role, name, p in seen if role in ("textbox", "checkbox", "button", "link")]
    assert operable and all(name for _, name in operable), "everything has a name"
    assert not any("leer lassen" in name or "empty" in name for _, name in operable), "the trap is for robots only"
    ids = [e.get_attribute("id") for e in browser.find_elements(By.CSS_SELECTOR, "[id]")]
    assert len(ids) == len(set(ids))
    for field in browser.find_elements(By.CSS_SELECTOR, "input:not([type=hidden]), textarea"):
        name = field.get_attribute("id")
        assert len(browser.find_elements(By.CSS_SELECTOR, f"label[for='{name}']")) == 1, name
        for described in (field.get_attribute("aria-describedby") or "").split():
            assert browser.find_element(By.ID, described).text, f"{name} is described by nothing"
    if page != "thanks":
        assert browser.find_element(By.ID, "email").get_attribute("autocomplete") == "email", "WCAG 1.3.5"
        assert browser.find_element(By.ID, "name").get_attribute("autocomplete") == "name"
        button = browser.find_element(By.CSS_SELECTOR, "button[type=submit]")
        assert min(button.size.values()) >= 24, "WCAG 2.5.8"
    for element in browser.find_elements(By.CSS_SELECTOR, "h1, h2, p, label, legend, a, button, li, .error, .optional"):
        if element.is_displayed() and element.text:
            assert contrast(browser, element) >= 4.5, (element.tag_name, element.text)


def test_small_screens_scroll_one_way(desk, browser):
    """WCAG 1.4.10: 320 pixels wide, nothing sticks out."""
    try:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": 320, "height": 600, "deviceScaleFactor": 1, "mobile": False})
        browser.get(desk.endpoints["channel.contact"])
        send(browser)
        metrics = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})
        assert metrics["cssContentSize"]["width"] <= 320
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_with_javascript_it_is_the_same_form(desk):
    with Browser(javascript=True) as driver:
        driver.get(desk.endpoints["channel.contact"])
        type_in(driver, "email", "js@example.org")
        type_in(driver, "message", "with scripts allowed")
        send(driver)
        assert driver.title == "Thank you"
        assert [entry["message"] for entry in driver.get_log("browser") if "favicon" not in entry["message"]] == []
    (e,) = desk.wait_events(1)
    assert e["data"]["text"] == "with scripts allowed"
