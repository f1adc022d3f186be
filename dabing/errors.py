"""The one error of this package."""

from __future__ import annotations

import re

LONGEST = 4000
# What would steer a terminal, or turn the order of what is read: C0 but for tab and line end, DEL, C1, overrides;
# and halves of characters, which stand for bytes in names of files that are no text.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class DabingError(Exception):
    """Something that a person must act on: each sentence says what is wrong, where, and what to do."""

    def __init__(self, *sentences: str) -> None:
        sentences = tuple(visible(sentence) for sentence in sentences)
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def visible(text: str, longest: int | None = LONGEST) -> str:
    """Text from outside as it may be shown: what would steer a terminal is written out, what is too long is cut."""
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]}… ({len(text) - longest:,} more characters)"
    return STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
