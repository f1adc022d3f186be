"""The one error of this package."""

from __future__ import annotations


class DabingError(Exception):
    """Something that a person must act on: each sentence says what is wrong, where, and what to do.

    ``published`` are the sentences for the page of the run and the log, where these must hold less: values of rows may
    name persons (rule J3).
    """

    def __init__(self, *sentences: str, published: tuple[str, ...] | None = None) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences
        self.published = sentences if published is None else published
