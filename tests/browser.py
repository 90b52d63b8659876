"""A headless Chromium for tests of pages; they are skipped without."""

import contextlib
import pathlib
import shutil
import tempfile
import unittest
from collections.abc import Iterator

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')


@contextlib.contextmanager
def opened(html: str, **settings) -> Iterator[tuple]:
  """A page without network, and what it said on its console.

  Args:
    html: of the page.
    **settings: of playwright's `Browser.new_context`.
  """
  try:
    from playwright import sync_api
  except ImportError:
    raise unittest.SkipTest('playwright is not installed') from None
  found = next(filter(None, map(shutil.which, NAMES)), None)
  if found is None:
    raise unittest.SkipTest('there is no Chromium')
  said: list[str] = []
  with (
      tempfile.TemporaryDirectory() as folder,
      sync_api.sync_playwright() as playwright,
  ):
    path = pathlib.Path(folder, 'page.html')
    path.write_text(html, encoding='utf-8')
    browser = playwright.chromium.launch(
        executable_path=found, args=['--no-sandbox']
    )
    context = browser.new_context(
        offline=True, viewport={'width': 1200, 'height': 760}, **settings
    )
    page = context.new_page()
    page.on('console', lambda message: said.append(message.text))
    page.on('pageerror', lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    yield page, said
    browser.close()
