"""The one error of this package."""

from __future__ import annotations


class DabingError(Exception):
    """Something that a person must act on: each sentence says what is wrong, where, and what to do."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences
