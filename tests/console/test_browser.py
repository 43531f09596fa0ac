"""The console in a real browser: the keyboard, the live updates, both themes, both sizes."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright, expect

from console.passwords import Passwords
from console.server import ConsoleServer
from domain.limits import text_length
from storage import labels, reviews, switches, users
from storage.db import Database
from tests.console.conftest import Clock, address_of, signed_in
from tests.console.seed import HELP, Post, ask, busy_day, post, reply, sample
from tests.servers import left_out

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


LEFT_MEANWHILE = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx says of a request that was under way when the page was left."""


@pytest.fixture
def clock() -> Clock:
    """Browsers tell ages by their own clock."""
    return Clock(datetime.now(UTC))


@pytest.fixture(scope="session")
def chromium() -> Path:
    if not CHROMIUM.exists():
        left_out("Chromium is not installed: apt-get install chromium fonts-noto-cjk")
    return CHROMIUM


@pytest.fixture
async def context(server: ConsoleServer, chromium: Path, db: Database, clock: Clock) -> AsyncGenerator[BrowserContext]:
    """A browser in Shanghai, signed in as the lead Ann. Whatever it complains about fails the test."""
    token = await signed_in(db, "ann", "lead", clock())
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(LEFT_MEANWHILE):
            complaints.append(message.text)

    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        opened = await started.new_context(
            base_url=address_of(server), timezone_id="Asia/Shanghai", viewport={"width": 1280, "height": 800}
        )
        opened.on("console", complain)
        opened.on("weberror", lambda error: complaints.append(str(error.error)))
        await opened.add_cookies([{"name": "fleetwatch", "value": token, "url": address_of(server)}])
        yield opened
        await started.close()
    assert complaints == []


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


async def test_a_reviewer_works_by_keyboard_alone(page: Page, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    await page.goto("/queue")
    for key in ("j", "j", "j", "k", "x", "c"):
        await page.keyboard.press(key)
    current = page.locator(".row.current")
    await expect(current).to_contain_text("김민수")
    await expect(current.locator("[data-pick]")).to_be_checked()
    await expect(page.locator("#bulk")).to_contain_text("1 selected")
    await expect(current.locator(".claim")).to_contain_text("Yours")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("김민수")
    await page.keyboard.press("a")
    await page.keyboard.press("1")
    await page.keyboard.press("Control+Shift+Enter")
    await expect(page.locator("[data-undo]")).to_contain_text("approve")
    await expect(page.locator("h1")).to_contain_text("Kestrel Support")
    await page.keyboard.press("z")
    await expect(page.locator(".notice")).to_contain_text("Undone")
    await expect(page.locator("h1")).to_contain_text("김민수")
    await page.keyboard.press("Escape")
    await expect(page.locator("h1")).to_have_text("Queue")
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await expect(page.locator("h1")).to_have_text("Tickets")


async def test_posts_are_labelled_by_keyboard_alone(page: Page, db: Database, clock: Clock) -> None:
    now = clock()
    first = await sample(db, Post(name="أحمد العلي", text="هل المنصة معطلة؟", intent="outage"), now)
    second = await sample(db, Post(name="Ольга Иванова", text="Почему комиссия?", language="ru"), now, worth=0.5)
    third = await sample(db, Post(name="王小明", text="手机丢了怎么办", language="zh"), now, worth=0.1)
    await page.goto("/queue?kind=label")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("أحمد العلي")
    await page.keyboard.press("1")
    await page.keyboard.type("wit")
    await page.keyboard.press("Escape")
    await page.keyboard.press("a")
    await expect(page.locator("h1")).to_contain_text("Ольга")
    await page.keyboard.press("a")
    await expect(page.locator("h1")).to_contain_text("王小明")
    await page.keyboard.press("i")
    await expect(page.locator(".notice")).to_contain_text("the queue is empty")
    async with db.reading() as tx:
        done = [await reviews.get(tx, item.id) for item in (first, second, third)]
        said = {(one.mention_id, one.label) for one in await labels.all(tx, head="intent")}
    assert [item.outcome for item in done if item] == ["correct", "confirm", "skip"]
    assert said == {(first.mention_id, "withdrawal"), (second.mention_id, "login_2fa")}
    await page.keyboard.press("z")
    await expect(page.locator(".notice")).to_contain_text("Undone")


async def test_keys_are_letters_in_fields_and_while_composing(page: Page, db: Database, clock: Clock) -> None:
    await post(db, Post(name="P", text="t"), clock(), decision=ask("reply", 0.5, reply("")))
    await page.goto("/cases/1")
    await page.keyboard.press("e")
    await page.keyboard.type("site")
    await expect(page.locator("#text")).to_have_value("site")
    await page.keyboard.press("Escape")
    await page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 's', isComposing: true, bubbles: true}))"
    )
    await page.keyboard.press("Control+s")
    await expect(page.locator("[name=choice]:checked")).to_have_count(0)
    await page.keyboard.press("s")
    await expect(page.locator("[name=choice]:checked")).to_have_value("scam")


async def test_keys_can_be_turned_off(page: Page, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    await page.goto("/queue")
    await page.keyboard.press("?")
    await page.get_by_label("Single-key shortcuts").uncheck()
    await page.keyboard.press("Escape")
    await page.reload()
    await page.keyboard.press("j")
    await expect(page.locator(".row.current")).to_have_count(0)


async def test_new_items_are_announced_and_move_nothing(page: Page, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    await page.goto("/queue")
    await expect(page.locator("[data-live-text]")).to_have_text("Live")
    await page.keyboard.press("j")
    before = await page.locator(".row .name").all_text_contents()
    await post(db, Post(name="Newcomer", text="help", urgency="critical"), clock(), decision=ask("reply", 0.99, reply("x")))
    async with db.transaction() as tx:
        [*_, last] = await reviews.queue(tx)
        await reviews.claim(tx, last.id, user="bob", now=clock(), until=clock() + timedelta(minutes=9))
    await expect(page.locator("#pill")).to_have_text("1 new")
    await expect(page.locator("[data-count=waiting]").first).to_have_text("10")
    await expect(page.locator(".row").last.locator(".claim")).to_have_text("bob")
    assert await page.locator(".row .name").all_text_contents() == before
    await page.locator("#pill a").click()
    await expect(page.locator(".row .name").first).to_have_text("Newcomer")


async def test_the_reply_is_counted_as_the_platform_counts(page: Page, db: Database, clock: Clock) -> None:
    await post(db, Post(name="P", text="t", platform="x"), clock(), decision=ask("reply", 0.5, reply("Hi")))
    await page.goto("/cases/1")
    for text in (f"See {HELP} now", "您好👩‍👩‍👧 é", "Привет, Zoë", "a" * 280):
        await page.locator("#text").fill(text)
        await expect(page.locator("[data-length]")).to_have_text(str(text_length("x", text)))
        await expect(page.locator("#length.over")).to_have_count(0)
    await page.locator("#text").fill("a" * 281)
    await expect(page.locator("#length.over")).to_have_count(1)


async def test_an_open_case_tells_that_somebody_else_took_it(page: Page, db: Database, clock: Clock) -> None:
    await post(db, Post(name="P", text="t"), clock(), decision=ask("reply", 0.5, reply("Hi")))
    await page.goto("/cases/1")
    await expect(page.locator("[data-live-text]")).to_have_text("Live")
    async with db.transaction() as tx:
        await reviews.claim(tx, 1, user="bob", now=clock(), until=clock() + timedelta(minutes=9))
    await expect(page.locator(".top .claim")).to_have_text("bob")


async def test_the_undo_offer_goes_by_itself(page: Page, db: Database, clock: Clock) -> None:
    await post(db, Post(name="P", text="t"), clock(), decision=ask("reply", 0.5, reply("Hi")))
    await page.goto("/cases/1")
    for key in ("i", "5", "Control+Enter"):
        await page.keyboard.press(key)
    await expect(page.locator("[data-undo]")).to_be_visible()
    clock.pass_by(seconds=9)
    await page.reload()
    await expect(page.locator("[data-undo]")).to_have_count(1)
    await expect(page.locator("[data-undo]")).to_have_count(0)


async def test_the_kill_switch_asks_once_more(page: Page, db: Database) -> None:
    await page.goto("/fleet")
    await page.locator("[data-open=kill-x]").click()
    await expect(page.locator("#kill-x")).to_contain_text("Stop every send on X?")
    await page.get_by_role("button", name="Stop X").click()
    await expect(page.locator(".panel").first).to_contain_text("stopped by kill switch")
    async with db.reading() as tx:
        assert [one.platform for one in await switches.all(tx) if one.killed] == ["x"]


async def test_the_palette_goes_anywhere(page: Page) -> None:
    await page.goto("/queue")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("flags")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Flags")


async def test_times_are_shown_in_the_browsers_zone(page: Page, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    await page.goto("/mentions")
    time = page.locator("tbody time").first
    await expect(time).to_contain_text("ago")
    local = await page.evaluate(
        "iso => new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'medium', timeZone: 'Asia/Shanghai'})"
        ".format(Date.parse(iso))",
        await time.get_attribute("datetime"),
    )
    await expect(time).to_have_attribute("title", local)


async def test_signing_in_by_form(context: BrowserContext, page: Page, db: Database, clock: Clock) -> None:
    hashed = await Passwords().hash("three unrelated words")
    async with db.transaction() as tx:
        await users.add(tx, "bea", hashed, "viewer", must_change=True, now=clock())
    await context.clear_cookies()
    await page.goto("/tickets")
    await page.get_by_label("User name").fill("bea")
    await page.get_by_label("Password").fill("three unrelated words")
    await page.keyboard.press("Enter")
    await page.get_by_label("Current password").fill("three unrelated words")
    await page.get_by_label("New password", exact=True).fill("quite another phrase")
    await page.get_by_label("New password again").fill("quite another phrase")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Queue")


@pytest.mark.parametrize("width", [1280, 390])
async def test_no_page_is_wider_than_the_screen(page: Page, db: Database, clock: Clock, width: int) -> None:
    day = await busy_day(db, clock())
    await page.set_viewport_size({"width": width, "height": 800})
    await sample(db, Post(name="Kim", text="환불은 언제 되나요", language="ko"), clock())
    cases = [f"/cases/{number}" for number in range(1, len(day) + 2)]
    for path in ("/queue", "/tickets", "/flags", "/mentions", "/quarantine", "/decisions", "/fleet", "/quality", *cases):
        await page.goto(path)
        assert not await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), path


async def test_light_and_dark(page: Page, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    seen: dict[str, str] = {}
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await page.goto("/queue")
        seen[scheme] = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert seen == {"light": "rgb(244, 246, 248)", "dark": "rgb(14, 17, 20)"}


async def test_a_stranger_cannot_run_a_script(page: Page, db: Database, clock: Clock) -> None:
    attack = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    await post(db, Post(name=attack, text=attack, bio=attack), clock(), decision=ask("reply", 0.5, reply(attack)))
    for path in ("/queue", "/cases/1", "/mentions"):
        await page.goto(path)
        assert await page.title() != "1"
        await expect(page.locator("main img")).to_have_count(0)
