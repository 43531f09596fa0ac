from dataclasses import replace

import pytest

from classifier.redaction import redact, redact_json
from domain.hearing import AccountSeen, Batch, Deleted, Edited, Heard, Media, Unparsable
from storage import accounts, cursors, mentions, quarantine
from tests.triage.builders import author
from tests.workers.fakes import FakeListener, batch, heard, post
from tests.workers.rig import Rig


async def test_a_mention_is_stored_once_and_its_cursor_with_it(rig: Rig) -> None:
    first = await rig.intake.take(batch(heard(1, "hello"), offset=11))
    again = await rig.intake.take(batch(heard(1, "hello"), heard(2, "hi"), offset=12))
    async with rig.database.reading() as tx:
        assert await cursors.load(tx, "telegram") == {"updates": "12"}
    assert (len(first), len(again)) == (1, 1)
    assert rig.queue.asked == [("handle", first), ("handle", again)]


async def test_nothing_private_reaches_storage(rig: Rig) -> None:
    (mention_id,) = await rig.hear(heard(1, "my password is hunter2", raw='{"text": "my password is hunter2"}'))
    record = await rig.mention(mention_id)
    assert record.mention.text == "my password is [secret]"
    assert record.secrets == {"seed_phrase"}


async def test_a_batch_is_acknowledged_only_after_it_is_committed(rig: Rig) -> None:
    bad = Batch(platform="telegram", heard=(heard(2, "later"),), cursors={"updates": None})  # pyright: ignore[reportArgumentType]
    listener = FakeListener([batch(heard(1, "hello"), offset=11), bad])
    with pytest.raises(Exception, match=r"(?i)null"):
        await rig.intake.listen(listener)
    assert listener.acknowledged == 1
    async with rig.database.reading() as tx:
        assert await cursors.load(tx, "telegram") == {"updates": "11"}
        assert await mentions.by_external(tx, "telegram", "-100:2") is None


async def test_a_listener_begins_at_the_stored_cursor(rig: Rig) -> None:
    await rig.intake.take(batch(offset=77))
    listener = FakeListener([])
    await rig.intake.listen(listener)
    assert listener.began_at == {"updates": "77"}


async def test_an_edit_of_a_handled_mention_brings_it_back(rig: Rig) -> None:
    (mention_id,) = await rig.hear(heard(1, "thanks"))
    await rig.handler().handle([mention_id])
    edit = Edited(platform="telegram", external_id="-100:1", text="withdrawal stuck", edited_at=rig.clock())
    assert await rig.hear(Heard(event=edit, raw="{}")) == [mention_id]
    assert (await rig.mention(mention_id)).state == "received"


async def test_a_deletion_blanks_the_text(rig: Rig) -> None:
    (mention_id,) = await rig.hear(heard(1, "hello"))
    await rig.hear(Heard(event=Deleted(platform="telegram", external_id="-100:1"), raw="{}"))
    record = await rig.mention(mention_id)
    assert record.mention.text == ""
    assert record.deleted_at is not None


async def test_what_no_parser_understood_is_quarantined_redacted(rig: Rig) -> None:
    await rig.hear(Heard(event=Unparsable(platform="telegram", error="no message"), raw='{"odd": "hunter2"}'))
    async with rig.database.reading() as tx:
        (row,) = await quarantine.latest(tx, 10)
    assert "hunter2" not in str(row)


async def test_a_new_name_of_a_known_account_is_kept(rig: Rig) -> None:
    await rig.hear(heard(1, "hello"))
    renamed = author(username="user42", display_name="Kestrel Support")
    await rig.hear(Heard(event=AccountSeen(account=renamed), raw="{}"))
    async with rig.database.transaction() as tx:
        ids = await accounts.upsert(tx, [renamed], rig.clock())
        names = await accounts.names(tx, ids["telegram", "42"])
    assert any("Kestrel Support" in str(name) for name in names)
    assert any("Mina" in str(name) for name in names)


async def test_names_and_bios_are_strangers_texts_too(rig: Rig) -> None:
    who = author(display_name="Jo hunter2", title="hunter2!", bio="ask for hunter2")
    link = Media(kind="link", external_id="https://a.example/hunter2", url="https://a.example/hunter2")
    file = Media(kind="photo", external_id="7", url="https://cdn.example/hunter2.png?hm=1")
    said = replace(post(1, "hello"), author=who, channel_name="room of hunter2", media=(link, file))
    (mention_id,) = await rig.hear(Heard(event=said, raw="{}"))
    record = await rig.mention(mention_id)
    assert "hunter2" not in str(record)
    assert record.mention.author.username == "mina"
    assert record.mention.media[1] == replace(file, url="https://cdn.example/[secret].png?hm=1")
    await rig.hear(Heard(event=AccountSeen(account=replace(who, display_name="Joe hunter2")), raw="{}"))
    async with rig.database.transaction() as tx:
        ids = await accounts.upsert(tx, [author()], rig.clock())
        assert "hunter2" not in str(await accounts.names(tx, ids["telegram", "42"]))


@pytest.mark.parametrize("raw", ['{"odd":"jo@mail.example"}', '{"odd":["4111111111111111"]}', '{"odd":"jo@mail.example"'])
async def test_quarantine_trusts_no_key(rig: Rig, raw: str) -> None:
    intake = replace(rig.intake, redact=redact, redact_json=redact_json)
    await intake.take(batch(Heard(event=Unparsable(platform="telegram", error="ValueError: jo@mail.example"), raw=raw)))
    async with rig.database.reading() as tx:
        (row,) = await quarantine.latest(tx, 10)
    assert "jo@mail.example" not in f"{row.raw} {row.error}"
    assert "4111111111111111" not in row.raw
