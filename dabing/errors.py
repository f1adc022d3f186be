"""The one error of this package."""

from __future__ import annotations

import json

LONGEST = 4000


class DabingError(Exception):
    """Something that a person must act on: each sentence says what is wrong, where, and what to do.

    ``published`` are the sentences for the page of the run and the log, where these must hold less: values of rows may
    name persons (rule J3).
    """

    def __init__(self, *sentences: str, published: tuple[str, ...] | None = None) -> None:
        sentences = tuple(visible(sentence) for sentence in sentences)
        super().__init__(" ".join(sentences))
        self.sentences = sentences
        self.published = sentences if published is None else tuple(visible(sentence) for sentence in published)


def visible(text: str, longest: int | None = LONGEST) -> str:
    """Text from outside as it may be shown, also as JSON: what a terminal obeys or cannot write is written out as JSON
    does, what is too long is cut. Names of files may hold anything."""
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]}… ({len(text) - longest:,} more characters)"
    return "".join(
        letter if letter.isprintable() or letter in "\n\t\u3000" else json.dumps(letter)[1:-1] for letter in text
    )
