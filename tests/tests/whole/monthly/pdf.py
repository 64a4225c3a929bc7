"""What stands in a PDF: its text page by page, and the characters that lie outside of what is printed of a page."""

import json
import sys

import pypdfium2

# Chromium leaves a margin of 1 cm around a page; what lies in it was cut off. In points; a little is allowed for overhang.
MARGIN = 72 / 2.54 - 4


def looked_at(page):
    width, height = page.get_size()
    text = page.get_textpage()
    count = text.count_chars()
    outside = []
    for nth in range(count):
        character = text.get_text_range(nth, 1)
        if not character.strip():
            continue
        left, bottom, right, top = text.get_charbox(nth)
        if left < MARGIN or bottom < MARGIN or right > width - MARGIN or top > height - MARGIN:
            outside.append([character, left, bottom, right, top])
    return {"text": text.get_text_range(), "outside": outside}


print(json.dumps([looked_at(page) for page in pypdfium2.PdfDocument(sys.argv[1])]))
