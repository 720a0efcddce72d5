# SPDX-License-Identifier: Apache-2.0
"""A real browser without a screen. Without JavaScript unless asked for; it speaks to the desk under test only."""
import tempfile

from desk import wait_for
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-default-apps", "--window-size=900,1200",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
BLOCKED = 2


class Browser:
    def __init__(self, javascript=False):
        self.javascript = javascript

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="dbweb-", ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        for argument in (*ARGUMENTS, f"--user-data-dir={self.profile.name}"):
            options.add_argument(argument)
        if not self.javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": BLOCKED})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(60)
        return self.driver

    def __exit__(self, *_):
        self.driver.quit()
        self.profile.cleanup()


def is_gone(error):
    """The element's page was left; while it is being left, ChromeDriver has no better word than the second."""
    return isinstance(error, StaleElementReferenceException) or "does not belong to the document" in str(error.msg)


def leave(driver, action):
    """Does what leads to another page, and waits until that is there: without scripts the driver does not always."""
    old = driver.find_element(By.TAG_NAME, "html")
    action()

    def left():
        try:
            old.is_enabled()
            return False
        except WebDriverException as error:
            if is_gone(error):
                return True
            raise

    def there():
        try:
            return left() and driver.find_element(By.TAG_NAME, "main").is_displayed()
        except NoSuchElementException:
            return False
        except WebDriverException as error:
            if is_gone(error):
                return False
            raise
    wait_for(there, "the next page")


def accessible(driver):
    """What a screen reader sees: [(role, name, properties)] of the page, in reading order."""
    driver.execute_cdp_cmd("Accessibility.enable", {})
    found = []
    for node in driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]:
        if node.get("ignored"):
            continue
        properties = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
        properties["description"] = node.get("description", {}).get("value", "")
        found.append((node["role"]["value"], node.get("name", {}).get("value", ""), properties))
    return found
