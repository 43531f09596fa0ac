"""First signals about the account behind a post: does it pass for the brand, and how does it behave?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from classifier.conduct import habits
from classifier.names import BrandBesideRole, skeletons, words
from domain.people import Account, Identity
from domain.understanding import Question, Signal

ROLE_WORDS = (
    "support, help, helpdesk, help desk, service, care, official, admin, administrator, moderator, mod, team, "
    "desk, staff, agent, assistant, security, recovery, 客服, 官方, 支持, 帮助, 管理员, 专员, 安全中心, 고객센터, "
    "고객지원, 상담원, 공식, 관리자, 운영자, 지원팀, サポート, 公式, 運営, ヘルプ, 管理者, 窓口, 事務局, "
    "поддержка, саппорт, помощь, админ, администратор, модератор, официальный, служба, soporte, ayuda, asistencia, "
    "oficial, administrador, moderador, equipo, atención al cliente, aide, assistance, officiel, modérateur, "
    "équipe, service client, hỗ trợ, trợ giúp, chính thức, quản trị viên, cskh"
)
"""Words that claim a function, for a brand whose registry names none."""

_YOUNG = timedelta(days=30)
_FEW_FOLLOWERS = 10
_SHORTEST_PROTECTED = 5


class Watchman:
    """Knows who is official; looks at everybody else. `role_words`: words that claim a function, in any language."""

    def __init__(
        self, registry: Sequence[Identity], brand_words: Sequence[str], role_words: Sequence[str] = ROLE_WORDS
    ) -> None:
        self._ids = {(identity.platform, identity.id): identity for identity in registry if identity.id is not None}
        self._handles = {
            (identity.platform, identity.username.casefold()): identity
            for identity in registry
            if identity.id is None and identity.username
        }
        self._brand_words = tuple(brand_words)
        self._pretenders = BrandBesideRole(brand_words, role_words or ROLE_WORDS.split(", "))
        self._protected = _protected(registry)

    def official(self, account: Account) -> Identity | None:
        """The registry's entry, by immutable id; by user name only where the entry has no id."""
        by_handle = self._handles.get((account.platform, (account.username or "").casefold()))
        return self._ids.get((account.platform, account.id)) or by_handle

    def signals(self, question: Question) -> tuple[Signal, ...]:
        """Evidence about the author of a mention; none for official accounts."""
        author = question.mention.author
        if self.official(author) is not None:
            return ()
        identity = tuple(self._identity(author))
        conduct = habits(question.mention.text)
        if identity or conduct:
            conduct += tuple(self._unsolicited(question))
        found = identity + conduct
        return found + (tuple(_context(author, question.mention.posted_at)) if found else ())

    def _identity(self, account: Account) -> Iterator[Signal]:
        """One signal a name at most, the stronger one."""
        for place, name in (("username", account.username), ("display name", account.display_name), ("title", account.title)):
            if not name:
                continue
            twin = next((self._protected[look] for look in skeletons(name) if look in self._protected), None)
            pair = self._pretenders.find(name)
            if twin is not None:
                yield Signal(
                    family="identity", name="same_look", log_odds=4.0, evidence=f"{place} “{name}” looks like “{twin}”"
                )
            elif pair is not None:
                evidence = f"{place} “{name}” puts the brand word “{pair[0]}” beside “{pair[1]}”"
                yield Signal(family="identity", name="brand_and_role", log_odds=3.0, evidence=evidence)

    def _unsolicited(self, question: Question) -> Iterator[Signal]:
        """Evidence only beside something else: answering each other is what a community does."""
        parent, text = question.parent_author, question.parent_text
        if parent is None or text is None or parent.id == question.mention.author.id or self.official(parent) is not None:
            return
        named = next((word for word in self._brand_words if word.casefold() in text.casefold()), None)
        if named is not None:
            yield Signal(
                family="conduct", name="unsolicited_reply", log_odds=1.0, evidence=f"answers somebody who named “{named}”"
            )


def _protected(registry: Sequence[Identity]) -> Mapping[str, str]:
    """What official names look like -> the name. The brand's bare name is no evidence: people put it into theirs."""
    names: dict[str, str] = {}
    for identity in registry:
        for name in (identity.username, identity.display_name):
            if name and len(name) >= _SHORTEST_PROTECTED and (len(words(name)) > 1 or name == identity.username):
                names |= dict.fromkeys(skeletons(name), name)
    return names


def _context(account: Account, at: datetime) -> Iterator[Signal]:
    """Weak, and given only beside other signals."""
    if account.created_at is not None and at - account.created_at < _YOUNG:
        yield Signal(
            family="context",
            name="young_account",
            log_odds=0.5,
            evidence=f"{(at - account.created_at).days} days old when it posted",
        )
    if account.followers is not None and account.followers < _FEW_FOLLOWERS:
        yield Signal(family="context", name="few_followers", log_odds=0.3, evidence=f"{account.followers} followers")
