"""What scammers do in their posts, in eight languages: evidence words, with a check for warnings and quotes."""

import re
from dataclasses import dataclass
from functools import lru_cache

from classifier.text import INVISIBLE, MAX_CHARACTERS
from domain.understanding import Signal

_WARNING = re.compile(
    r"\bnever\b|\bdon'?t\b|\bdo not\b|\bwon'?t\b|beware|careful|scam|fake|phishing|warning|reminder|is this|really you"
    r"|would (?:staff|someone)|asked me|asks? for my|told me to|wrote me|messag\w+ me"
    r"|不要|别|切勿|不会|小心|骗|假|钓鱼|提醒|是你们|让我|问我|加我的"
    r"|절대|마세요|않습니다|안 합니다|조심|주의|사기|사칭|가짜|피싱|저한테|저에게|달라는데|맞나요|맞습니까|진짜"
    r"|絶対|しないで|しません|ません|注意|詐欺|偽|フィッシング|聞かれ|言われ|本物|ですか"
    r"|никогда|не (?:пиш|да[вй]|сообща|переход|верь|вед)|осторожно|мошен|развод|фейк|напомин|просят|попросил|это вы"
    r"|правда вы|могут"
    r"|nunca|jamás|no (?:den|des|compart|caig|env)|cuidado|estaf|fals|phishing|me pid|me escrib|son ustedes|recuerden"
    r"|jamais|ne (?:donn|partag|cliqu|tomb)|attention|arnaque|escroc|faux|fausse|hameçonnage|m'a (?:écrit|demandé)"
    r"|me demande|est-ce (?:bien )?vous|c'est bien vous|rappel"
    r"|không bao giờ|đừng|cẩn thận|cảnh báo|lừa đảo|giả mạo|giả|hỏi (?:em|mình|tôi|bác)|nhắc lại|có phải",
    re.IGNORECASE,
)
_SEED = (
    r"(?:seed|recovery|secret|backup)\s(?:phrase|words?)|private keys?|mnemonic|(?:12|24|twelve)[ -]?words?|助记词|私钥|恢复词"
    r"|시드\s?(?:구문|문구)|복구\s?(?:구문|문구)|니모닉|개인\s?키|シードフレーズ|復元フレーズ|リカバリーフレーズ|秘密鍵"
    r"|си[дт][ -]фраз\w*|слов\w* восстановления|приватн\w+ ключ\w*|секретн\w+ фраз\w*|frase (?:semilla|secreta"
    r"|de recuperación)|palabras de recuperación|clave privada"
    r"|phrase (?:secrète|de récupération)|mots de récupération|clé privée|cụm từ (?:khôi phục|bí mật)|từ khôi phục|khóa riêng"
)
_GIVE = (
    r"send|enter|paste|type|provide|submit|share|import|give us|confirm|validate|input|need|require|with your|发|填|输入|提供"
    r"|导入|核对|입력|보내|넣|알려|인증|入力|送っ|送り|入れ|教えて|введите|пришлите|отправ|укажите|вставьте|нужн|ввод"
    r"|env[ií]|escr[ií]b|pegue|ingres|introdu|importa|necesitamos|comparta|collez|envoy|saisi|écriv|import|indiquez"
    r"|il nous faut|gửi|nhập|dán|gõ|cung cấp|cần"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    name: str
    log_odds: float
    pattern: re.Pattern[str]
    together: re.Pattern[str] | None = None
    """Must stand in the same post."""

    def found_in(self, text: str) -> re.Match[str] | None:
        match = self.pattern.search(text)
        return match if match is None or self.together is None or self.together.search(text) else None


def _habit(name: str, log_odds: float, pattern: str, together: str | None = None) -> _Habit:
    both = re.compile(together, re.IGNORECASE) if together else None
    return _Habit(name=name, log_odds=log_odds, pattern=re.compile(pattern, re.IGNORECASE), together=both)


_HABITS = (
    _habit("seed_request", 4.0, _SEED, _GIVE),
    _habit(
        "direct_message",
        2.0,
        r"\b(?:dm|pm|inbox|msg|message|text|write|contact)\s(?:to\s)?(?:me|us|him|her|our|my)\b|\bsend (?:me|us"
        r"|our \w+) a (?:dm|message)|(?:follow and|kindly) dm|write to me in private|in private here"
        r"|私信我|私聊我|加我|联系我|私下发|디엠\s?(?:주|보내|으로)|쪽지\s?(?:주|보내)|연락\s?(?:주세요|바랍|주시)|저에게만|(?:dm|ＤＭ)(?:を|に|で|くだ|にて)|連絡ください|ご連絡いただ"
        r"|пиши(?:те)? (?:мне|нам|ему|ей|в л)|напишите (?:мне|нам|в л|нашему)|в личку|в лс\b|в директ|escr[ií]b(?:e|a"
        r"|an)(?:me|nos|le)|por (?:privado|inbox|interno)|mánda(?:me|nos)|envíe un dm"
        r"|(?:écrivez|contactez|venez)[- ](?:moi|nous|en mp|à notre)|en (?:mp|privé)\b|envoyer en dm|inbox em"
        r"|nhắn (?:riêng|tin cho|cho (?:chuyên|mình|em)|tele)|\bib\b",
    ),
    _habit(
        "off_platform",
        2.0,
        r"\b(?:wa\.me|t\.me|telegram\.me|line\.me|zalo\.me|discord\.gg)/|whats\s?app|(?:on|via|to|by) telegram"
        r"|telegram[:@ ]+@?\w{4,}|\btelegram (?:me|him)"
        r"|微信|飞机|加V|\bqq\b|电报联系|카톡|카카오톡|텔레(?:그램)?\s?(?:주|문의|로)"
        r"|오픈채팅"
        r"|line(?:追加|ください|公式|へ)|テレグラム\s?(?:へ|で|の|@)"
        r"|во?т?с?ап|ватсап|в (?:телеграм|тг)\b|al (?:whatsapp|telegram)|en telegram|sur (?:whatsapp|telegram)|\bzalo\b"
        r"|nhắn tele",
        r"dm|message|contact|write|send|text|join|ask|reach|friend|add|私|联系|加|进群|发|주|문의|연락|보내|들어|連絡|送|ください|追加|へ|пиш|напиш"
        r"|пришл|вступ|escr|env|entra|únete|manda|écri|contact|envoy|rejoi|nhắn|gửi|tham gia|t\.me",
    ),
    _habit(
        "deposit_and_double",
        3.5,
        r"(?:get|receive|earn|win)\b.{0,25}\b(?:double|twice|x2|2x)|(?:double|x2|2x)\b.{0,20}\bback|send\b.{0,40}\b(?:get"
        r"|receive)\b.{0,25}\bback|deposit\b.{0,40}\bget\b.{0,20}\bback|双倍返|返(?:还)?两倍|转多少返|返\d+u|두\s?배(?:로)?.{0,8}(?:돌려"
        r"|드)|2배|환급|倍(?:にして)?(?:お)?返し|2倍に"
        r"|вдвое больше|\bx2\b|вернется \d+|вернётся \d+|recib\w+ el doble|te devuelven|reciben \d+|recevez le double"
        r"|reçoivent \d+|nhận lại gấp đôi|nhận x2|gấp đôi",
        r"send|deposit|transfer|scan|转|充|扫|보내|入金|送|отправ|закинь|сканир|env[ií]|deposit|escanea|manda|envoy|dépos|scann"
        r"|gửi|nạp|quét",
    ),
    _habit(
        "support_pose",
        1.5,
        r"\b(?:i am|i'm|this is|we are)\b.{0,30}\b(?:support|help ?desk|technical (?:department|team)|customer care)"
        r"|(?:official )?support here|our (?:live |resolution )?(?:agent|officer|specialist)"
        r"|(?:这里是|我是).{0,12}(?:客服|技术部|官方)|고객센터입니다|기술팀|담당\s?상담사|(?:サポート|技術部).{0,6}です|弊社担当"
        r"|это поддержка|технический отдел|наш(?:ему|им) (?:агент|специалист)|somos soporte|área técnica"
        r"|nuestro (?:agente|oficial)|ici le support|service technique|notre (?:agent|responsable)|bên hỗ trợ đây"
        r"|bộ phận kỹ thuật",
    ),
)


HABIT_NAMES = tuple(habit.name for habit in _HABITS)


@lru_cache(maxsize=1024)  # the model and the account signals both ask about the same post
def habits(text: str) -> tuple[Signal, ...]:
    """Conduct signals of one post. A warning, a quote or a question about such asks is not an ask."""
    text = INVISIBLE.sub("", text[:MAX_CHARACTERS])
    found = [(habit, match) for habit in _HABITS if (match := habit.found_in(text)) is not None]
    if not found or _WARNING.search(text) is not None:
        return ()
    return tuple(
        Signal(family="conduct", name=habit.name, log_odds=habit.log_odds, evidence=f"“{_around(text, match)}”")
        for habit, match in found
    )


def _around(text: str, found: re.Match[str]) -> str:
    return " ".join(text[max(0, found.start() - 20) : found.end() + 20].split())
