"""Signs that the author may harm themselves, in eight languages: such a post is never left to a machine."""

import re

from classifier.text import INVISIBLE, MAX_CHARACTERS

_SIGNS = re.compile(
    r"\b(?:kill(?:ing)? myself|kms|end(?:ing)? (?:my life|it all)|tak(?:e|ing) my (?:own )?life|suicid(?:e|al)|hurt myself"
    r"|(?:want|wanna|going|ready) (?:to )?die"
    r"|(?:wrote|writing|left) (?:a|my) (?:goodbye|suicide) (?:note|letter)|pills (?:in|are in) (?:my )?hand"
    r"|(?:don'?t|do not) (?:want to|wanna) (?:live|be alive|go on)|better off dead"
    r"|no (?:reason|point) (?:to|in) liv\w*|can'?t go on living|jump(?:ing)? off (?:a|the) (?:bridge|roof)|hang myself)\b"
    r"|自杀|自殺|轻生|想死|不想活|活不下去|没有?活下去|活着没|结束(?:我的|自己的|这条)?生命|跳楼|割腕|安眠[药藥].{0,8}(?:拿|吞|吃)|不要(?:再)?醒来|不要(?:再)?醒來|不想醒来|不想醒來"
    r"|자살|죽고\s?싶|죽을래|죽어버리|살기\s?싫|살고\s?싶지|살\s?이유|극단적\s?선택|목숨을?\s?끊|뛰어내리|번개탄|내일이\s?(?:안|오지).{0,3}(?:왔|않)|유서"
    r"|死にたい|死のう|死んでしまいたい|消えてしまいたい|生きていけない|生きる(?:意味|気力)|生きていたくない|首を吊|飛び降り|死んだ(?:ほう|方)が(?:いい|まし)|遺書"
    r"|покончить? с (?:собой|жизнью)|покончу с|не хочу (?:больше )?жить|наложить? на себя|наложу на себя|хочу умереть|убью себя"
    r"|суицид|самоуби|незачем жить|смысла жить|повешусь|жить не хо(?:чется|чу)|предсмертн|выпрыгну из окна"
    r"|suicid|(?:no|ya no) quiero (?:seguir )?vivi\w*|quiero morir|quitarme la vida|matarme|acabar con mi vida"
    r"|sentido (?:a )?vivir|tirarme de|carta de despedida"
    r"|me suicid|me tuer|mourir\b.{0,20}\bveux|(?:veux|envie de) mourir|plus envie de vivre|(?:veux|voudrais) plus vivre"
    r"|en finir avec (?:la|ma) vie|(?:mettre|mets) fin à mes jours|raison de vivre|me pendre"
    r"|lettre d'adieu|cachets .{0,25}(?:à côté|dans la main)"
    r"|tự tử|tự sát|tự vẫn|muốn chết|không muốn sống|chẳng muốn sống|hết muốn sống|chết quách|lý do gì để sống|kết liễu"
    r"|thuốc (?:rầy|trừ sâu)|thư tuyệt mệnh|viết thư để lại",
    re.IGNORECASE,
)


def sign_of_distress(text: str) -> str | None:
    """The words that give reason to fear for the author, or None. Errs on the side of care."""
    found = _SIGNS.search(INVISIBLE.sub("", text[:MAX_CHARACTERS]).replace("’", "'"))
    return found[0] if found else None
