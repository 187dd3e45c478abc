"""The example in a real browser: Debian's Chromium, driven by Playwright.

The screenshots of the documentation are made anew with

    BOARDINGHOUSE_SCREENSHOTS=docs/_static/screenshots python -m pytest tests/browser

and those of every state, in light and dark, wide and narrow, for somebody to look at, with

    BOARDINGHOUSE_LOOKS=/tmp/looks python -m pytest tests/browser
"""
