"""Letters as clients write them in Russian, and what the person newly wrote; every address is invented."""

from typing import NamedTuple

ASKED = "Не открывается календарь цен. Что делать?"


class Case(NamedTuple):
    """A letter and what should be seen of it."""

    client: str
    letter: str
    visible: str


def quoted(text: str) -> str:
    """Mark every line as a quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


ANSWER = "Добрый день!\n\nПерейдите в раздел «Тарифы» и нажмите «Обновить».\n\nСлужба поддержки"
FIELDS = """От: Поддержка <support@portal.example>
Отправлено: среда, 25 ноября 2026 г. 14:20
Кому: Анна Смирнова <anna@hotel.example>
Тема: RE: [#HB-1042] Календарь цен
"""
CASES = [
    Case("Gmail", f"{ASKED}\n\nср, 25 нояб. 2026 г. в 14:20, Поддержка <support@portal.example>:\n\n{quoted(ANSWER)}", ASKED),
    Case("Gmail, address broken", f"{ASKED}\n\nср, 25 нояб. 2026 г. в 14:20, Служба поддержки отелей <\nsupport@portal.example>:\n\n{quoted(ANSWER)}", ASKED),
    Case("Gmail of old", f"{ASKED}\n\n25 ноября 2026 г., 14:20 пользователь Поддержка <support@portal.example>\nнаписал:\n\n{quoted(ANSWER)}", ASKED),
    Case("Gmail of old, feminine", f"{ASKED}\n\n25 ноября 2026 г., 14:20 пользователь Ольга <olga@portal.example> написала:\n\n{quoted(ANSWER)}", ASKED),
    Case("Gmail on Android, no marks", f"{ASKED}\n\nср, 25 нояб. 2026 г., 14:20 Поддержка <support@portal.example>:\n\n{ANSWER}", ASKED),
    Case("Gmail in English to a Russian", f"{ASKED}\n\nOn Wed, Nov 25, 2026 at 2:20 PM Поддержка <support@portal.example> wrote:\n\n{quoted(ANSWER)}", ASKED),
    Case("Yandex", f"{ASKED}\n\n25.11.2026, 14:20, \"Поддержка\" <support@portal.example>:\n{quoted(ANSWER)}", ASKED),
    Case("Yandex, no marks", f"{ASKED}\n\n25.11.2026, 14:20, \"Поддержка\" <support@portal.example>:\n\n{ANSWER}", ASKED),
    Case("Yandex, dashes above", f"{ASKED}\n \n----------------\nКому: anna@hotel.example;\nТема: Календарь цен;\n25.11.2026, 14:20, \"Поддержка\" <support@portal.example>:\n{quoted(ANSWER)}", ASKED),
    Case("Yandex on a phone", f"{ASKED}\n\n--\nОтправлено из мобильного приложения Яндекс Почты\n\n25.11.2026, 14:20, Поддержка (support@portal.example):\n{quoted(ANSWER)}", ASKED),
    Case("Mail.ru", f"{ASKED}\n\n\n> Среда, 25 ноября 2026, 14:20 +03:00 от Поддержка <support@portal.example>:\n>\n{quoted(ANSWER)}", ASKED),
    Case("Mail.ru, no marks", f"{ASKED}\n\nСреда, 25 ноября 2026, 14:20 +03:00 от Поддержка <support@portal.example>:\n\n{ANSWER}", ASKED),
    Case("Mail.ru with a signature", f"{ASKED}\n\n--\nАнна Смирнова\nотель «Ромашка»\n\n\nСреда, 25 ноября 2026, 14:20 +03:00 от Поддержка <support@portal.example>:\n{quoted(ANSWER)}", ASKED),
    Case("Mail.ru on a phone", f"{ASKED}\n\nОтправлено из мобильной Почты Mail.ru\n\n\nсреда, 25 ноября 2026 г., 14:20 +03:00 от support@portal.example <support@portal.example>:\n\n{quoted(ANSWER)}", ASKED),
    Case("Mail.ru in English", f"{ASKED}\n\nWednesday, November 25, 2026 2:20 PM +03:00 from Поддержка <support@portal.example>:\n\n{ANSWER}", ASKED),
    Case("Outlook", f"{ASKED}\n\n{FIELDS}\n{ANSWER}", ASKED),
    Case("Outlook, rule above", f"{ASKED}\n\n________________________________\n{FIELDS}\n{ANSWER}", ASKED),
    Case("Outlook, bold fields", f"{ASKED}\n\n*От:* Поддержка <support@portal.example>\n*Отправлено:* 25 ноября 2026 г. 14:20\n*Кому:* Анна\n*Тема:* Календарь\n\n{ANSWER}", ASKED),
    Case("Outlook with From", f"{ASKED}\n\nFrom: Поддержка [mailto:support@portal.example]\nSent: Wednesday, November 25, 2026 2:20 PM\nTo: Анна Смирнова\nSubject: RE: Календарь\n\n{ANSWER}", ASKED),
    Case("Outlook, original message", f"{ASKED}\n\n-----Исходное сообщение-----\n{FIELDS}\n{ANSWER}", ASKED),
    Case("Outlook, original in English", f"{ASKED}\n\n-----Original Message-----\nFrom: Поддержка\nSent: Wednesday, November 25, 2026 2:20 PM\nTo: Анна\nSubject: Календарь\n\n{ANSWER}", ASKED),
    Case("Outlook on a phone", f"{ASKED}\n\nПолучите Outlook для iOS<https://aka.ms/o0ukef>\n________________________________\n{FIELDS}\n{ANSWER}", ASKED),
    Case("Outlook, date field", f"{ASKED}\n\nОт кого: Поддержка <support@portal.example>\nДата: 25.11.2026 14:20\nКому: anna@hotel.example\nКопия: boris@hotel.example\nТема: Календарь\n\n{ANSWER}", ASKED),
    Case("Apple Mail", f"{ASKED}\n\n> 25 нояб. 2026 г., в 14:20, Поддержка <support@portal.example> написал(а):\n> \n{quoted(ANSWER)}", ASKED),
    Case("Apple Mail, head bare", f"{ASKED}\n\n25 ноября 2026 г., в 14:20, Поддержка <support@portal.example> написал(а):\n\n{quoted(ANSWER)}", ASKED),
    Case("iPhone", f"{ASKED}\n\nОтправлено с iPhone\n\n> 25 нояб. 2026 г., в 14:20, Поддержка <support@portal.example> написал(а):\n> \n{quoted(ANSWER)}", ASKED),
    Case("iPad", f"{ASKED}\n\nОтправлено с iPad", ASKED),
    Case("Samsung", f"{ASKED}\n\nОтправлено с моего Galaxy\n\n-------- Исходное сообщение --------\nОт: Поддержка <support@portal.example>\nДата: 25.11.2026 14:20 (GMT+03:00)\nКому: anna@hotel.example\nТема: Календарь\n\n{ANSWER}", ASKED),
    Case("Android", f"{ASKED}\n\nОтправлено с Android-устройства", ASKED),
    Case("Thunderbird", f"{ASKED}\n\n25.11.2026 14:20, Поддержка пишет:\n{quoted(ANSWER)}", ASKED),
    Case("Thunderbird, long date", f"{ASKED}\n\n25 ноября 2026 г. 14:20:33 Поддержка <support@portal.example> пишет:\n{quoted(ANSWER)}", ASKED),
    Case("Thunderbird with a signature", f"{ASKED}\n\n25.11.2026 14:20, Поддержка пишет:\n{quoted(ANSWER)}\n\n-- \nС уважением,\nАнна Смирнова", ASKED),
    Case("The Bat!", f"{ASKED}\n\n\nВы писали 25 ноября 2026 г., 14:20:33:\n\n{quoted(ANSWER)}\n\n-- \nС уважением,\n Анна                          mailto:anna@hotel.example", ASKED),
    Case("The Bat!, initials", f"{ASKED}\n\nСреда, 25 ноября 2026 г., 14:20:33, вы писали:\n\n{quoted(ANSWER)}", ASKED),
    Case("Rambler", f"{ASKED}\n\n25.11.2026, 14:20, Поддержка <support@portal.example> написал:\n\n{ANSWER}", ASKED),
    Case("Roundcube", f"{ASKED}\n\nПоддержка писал 2026-11-25 14:20:\n{quoted(ANSWER)}", ASKED),
    Case("Zimbra", f"{ASKED}\n\n----- Исходное сообщение -----\nОт: \"Поддержка\" <support@portal.example>\nКому: \"Анна\" <anna@hotel.example>\nОтправленные: Среда, 25 Ноябрь 2026 г 14:20:33\nТема: Календарь\n\n{ANSWER}", ASKED),
    Case("Our own line", f"{ASKED}\n\n##- Пишите ответ выше этой линии -##\n\n{ANSWER}", ASKED),
    Case("Our own line, quoted", f"{ASKED}\n\n> ##- Пишите ответ выше этой линии -##\n>\n{quoted(ANSWER)}", ASKED),
    Case("answers between the lines", f"{quoted('Какой у вас отель?')}\n\nРомашка\n\n{quoted('Какой браузер?')}\n\nYandex Browser", "Ромашка\n\nYandex Browser"),
    Case("the answer stands below", f"25.11.2026 14:20, Поддержка пишет:\n{quoted(ANSWER)}\n\n{ASKED}", ASKED),
    Case("nothing but a quote", f"{quoted(ANSWER)}", quoted(ANSWER)),
    Case("no quote at all", f"{ASKED}\n\nС уважением,\nАнна Смирнова", f"{ASKED}\n\nС уважением,\nАнна Смирнова"),
    Case("a colon that heads no quote", "Бронирование от 25.11.2026:\nгость не пришёл, что делать?", "Бронирование от 25.11.2026:\nгость не пришёл, что делать?"),
    Case("a guest who wrote", "Гость написал:\nхочу вернуть деньги за 25.11.2026", "Гость написал:\nхочу вернуть деньги за 25.11.2026"),
    Case("one field is no letterhead", "Тема: не приходят письма\nС 25 ноября гости не получают подтверждений.", "Тема: не приходят письма\nС 25 ноября гости не получают подтверждений."),
    Case("dashes between paragraphs", f"{ASKED}\n\n-----\n\nИ ещё вопрос про тарифы.", f"{ASKED}\n\n-----\n\nИ ещё вопрос про тарифы."),
    Case("quotes within quotes", f"{ASKED}\n\n25.11.2026, 14:20, \"Поддержка\" <support@portal.example>:\n{quoted(quoted(ANSWER))}\n{quoted('И вам добрый день')}", ASKED),
    Case("Windows Mail", f"{ASKED}\n\nОтправлено из Почты для Windows\n\nОт: Поддержка\nОтправлено: 25 ноября 2026 г. в 14:20\nКому: Анна\nТема: Календарь\n\n{ANSWER}", ASKED),
    Case("carriage returns", f"{ASKED}\r\n\r\nср, 25 нояб. 2026 г. в 14:20, Поддержка <support@portal.example>:\r\n\r\n> Да\r\n", ASKED),
]  # fmt: skip
