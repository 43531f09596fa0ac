"""Answers on X: real threaded replies, and the read-back that finds out what became of one."""

import html
import re

from domain.acting import Absent, CannotTell, Found, Outcome, ReadBack, Refused, ReplyOrder, RetryLater, Sent, Unknown
from domain.people import Platform
from platforms.x import Failure, Json, XAccess, XFailed, XSession, as_list, as_object, as_string, connect

_CONNECT_AGAIN_S = 15.0
_MEND_S = 300.0
"""Between tries while a human must mend our credentials or pay."""
_PAGE = 100
_REACH = 3200
"""X shows no more than so many of an account's own posts."""
_LINK = re.compile(r"https?://\S+")
_HANDLES = re.compile(r"^(?:@\w{1,15}\s+)+")


class XResponder:
    """Replies as the account that owns the access token."""

    def __init__(self, access: XAccess) -> None:
        self._access = access
        self._session = XSession(access.base_url)
        self._client = connect(access, self._session)

    @property
    def platform(self) -> Platform:
        return "x"

    async def reply(self, order: ReplyOrder) -> Outcome:
        try:
            answer = await self._client.create_tweet(in_reply_to_tweet_id=order.mention_id, text=order.text, user_auth=True)
        except XFailed as failed:
            return outcome_of(failed.failure)
        post_id = as_string(as_object(answer.get("data")).get("id"))
        return Sent(external_id=post_id) if post_id else Unknown(reason="X accepted the reply without giving its id")

    async def find(self, order: ReplyOrder) -> ReadBack:
        """Looks for the reply among our own posts since the mention: a reply is always newer than what it answers.

        X may show a post some seconds late: ask only after that, or an `Absent` proves nothing.
        """
        try:
            ours = await self._own_posts_since(order.mention_id)
        except XFailed as failed:
            return CannotTell(reason=failed.failure.reason)
        if ours is None:
            return CannotTell(reason="X did not list all our posts since the mention")
        replies = [post for post in ours if _answers(post, order.mention_id)]
        found = next((post for post in replies if _same(post, order.text)), None)
        if found:
            return Found(external_id=str(found["id"]))
        return CannotTell(reason="Another reply of ours stands below this post") if replies else Absent()

    async def _own_posts_since(self, post_id: str) -> list[Json] | None:
        """All our own posts that are newer; None when X's list is not complete. Raises XFailed."""
        posts: list[Json] = []
        token: str | None = None
        while len(posts) < _REACH:
            page = await self._client.get_users_tweets(
                self._access.account_id,
                since_id=post_id,
                max_results=_PAGE,
                pagination_token=token,
                tweet_fields=["referenced_tweets"],
            )
            listed, meta = as_list(page.get("data")), as_object(page.get("meta"))
            if page.get("errors") or meta.get("result_count") != len(listed):
                return None
            posts += map(as_object, listed)
            token = as_string(meta.get("next_token"))
            if not token:
                break
        # X's list ends without a word where its reach does.
        return posts if len(posts) < _REACH else None

    async def close(self) -> None:
        await self._session.close()


def outcome_of(failure: Failure) -> Outcome:
    """What a failed attempt to post means for the reply."""
    if not failure.connected:
        return RetryLater(after_s=_CONNECT_AGAIN_S, reason=failure.reason)
    match failure.status:
        case 429:
            return RetryLater(after_s=failure.wait_s, reason=failure.reason)
        case 401 | 402:
            return RetryLater(after_s=_MEND_S, reason=failure.reason)
        case 403 if "duplicate" in failure.reason.lower():
            # Only a hint: an earlier attempt may have posted it, or the same words stand elsewhere.
            return Unknown(reason=failure.reason)
        case int(status) if 400 <= status < 500 and status != 408:
            return Refused(reason=failure.reason)
        case _:
            return Unknown(reason=failure.reason)


def _answers(post: Json, mention_id: str) -> bool:
    references = map(as_object, as_list(post.get("referenced_tweets")))
    return any(reference.get("type") == "replied_to" and reference.get("id") == mention_id for reference in references)


def _same(post: Json, text: str) -> bool:
    return _plain(html.unescape(as_string(post.get("text")) or "")) == _plain(text)


def _plain(text: str) -> str:
    """A text without what X changes in it: the handles before a reply, links (shortened), spacing."""
    return " ".join(_LINK.sub("", _HANDLES.sub("", text)).split())
