"""Tags in an .aur file: title, artist, date and other words about a sound, in an optional record."""

from collections.abc import Mapping

from auricle.audio import MAX_TAGS, clean_tags
from auricle.codec.format.fields import Fields, varint
from auricle.codec.format.record import MAX_RECORD_BYTES, MAX_TOPIC, Record, RecordKind, RecordTopic
from auricle.errors import FormatError


def tags_record(tags: Mapping[str, str]) -> Record:
    """The record of some tags. Those that `auricle.audio.clean_tags` refuses are left out."""
    clean = clean_tags(tags.items())
    words = b"".join(_word(word) for pair in clean.items() for word in pair)
    return Record(RecordKind.OPTIONAL, varint(RecordTopic.TAGS) + varint(len(clean)) + words)


def parse_tags(record: Record) -> dict[str, str]:
    """Tags of an optional record, at most 64; none where it is about something else, or malformed."""
    fields = Fields(record.body)
    try:
        if fields.varint(MAX_TOPIC) != RecordTopic.TAGS:
            return {}
        count = min(fields.varint(MAX_RECORD_BYTES), MAX_TAGS)
        return clean_tags([(_read_word(fields), _read_word(fields)) for _ in range(count)])
    except FormatError:
        return {}


def _word(text: str) -> bytes:
    data = text.encode()
    return varint(len(data)) + data


def _read_word(fields: Fields) -> str:
    return fields.read(fields.varint(MAX_RECORD_BYTES)).decode(errors="replace")
