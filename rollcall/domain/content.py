"""What an administrator writes: a subject, a text and a short text, in one language or several."""

from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from rollcall.domain.languages import normalise_language
from rollcall.domain.strict_model import StrictModel

MAX_SUBJECT_CHARS: Final = 300
"""Mail clients show 40 to 80; beyond a few hundred it is a text in the wrong field."""

MAX_TEXT_CHARS: Final = 20_000
"""Ten pages. Gmail cuts a message off at 102 KB, and three octets a character (Chinese, Japanese)
make 60."""

Language = Annotated[str, AfterValidator(normalise_language)]
"""A BCP 47 tag, spelled as RFC 5646 recommends."""


class Translation(StrictModel):
    """A message in one language; every field is a template.

    Attributes:
        subject: The subject of the email.
        text: The email, and the SMS where `sms` is not given.
        sms: A shorter text for SMS.
    """

    subject: str = Field(min_length=1, max_length=MAX_SUBJECT_CHARS)
    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)
    sms: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT_CHARS)


class MessageContent(Translation):
    """A message as written, with its translations.

    Attributes:
        language: The language of `subject`, `text` and `sms`; None if not said.
        translations: The same in other languages, by BCP 47 tag. A recipient gets the one that RFC
            4647 lookup finds for their language, else the content itself.
    """

    language: Language | None = None
    translations: dict[Language, Translation] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _refuse_same_tag_twice(cls, content: object) -> object:
        """See the tags as written: once normalised, `pt-br` and `pt-BR` silently become one."""
        translations = content.get("translations") if isinstance(content, dict) else None
        folded_tags: set[str] = set()
        for tag in translations if isinstance(translations, dict) else ():
            if str(tag).lower() in folded_tags:
                raise ValueError(f"the translation {tag!r} is given twice")
            folded_tags.add(str(tag).lower())
        return content

    @model_validator(mode="after")
    def _refuse_translation_into_own_language(self) -> Self:
        if self.language in self.translations:
            raise ValueError(f"the content itself is in {self.language!r}: it needs no translation")
        return self

    def iterate_versions(self) -> Iterator[tuple[str | None, Translation]]:
        """Yield every language with its version, the content itself first."""
        yield self.language, self
        yield from self.translations.items()
