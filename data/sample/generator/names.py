"""Given and family names by country, put together at random: the people are invented.

A name outside Latin script is written `native:latin`; the Latin form is for the email address.
"""

# ruff: noqa: RUF001 - names are spelled in their own letters

import unicodedata
from random import Random
from typing import Final, NamedTuple


class Culture(NamedTuple):
    """How people of a country are called and which languages they read."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    languages: tuple[str, ...]
    is_family_first: bool = False


class Name(NamedTuple):
    """A name as its bearer writes it, and its Latin form in ASCII for an address."""

    full: str
    ascii_given: str
    ascii_family: str


_NATIVE: Final = {
    "JP": (
        "太郎:Taro 花子:Hanako 健太:Kenta 美咲:Misaki 翔:Sho 結衣:Yui 大輔:Daisuke "
        "陽子:Yoko 直樹:Naoki 彩:Aya "
        "Kenji Naomi Haruka Ryo",
        "山田:Yamada 佐藤:Sato 鈴木:Suzuki 高橋:Takahashi 田中:Tanaka 渡辺:Watanabe "
        "伊藤:Ito 小林:Kobayashi "
        "加藤:Kato 吉田:Yoshida 山口:Yamaguchi 松本:Matsumoto",
        "ja ja ja ja-JP en",
    ),
    "TW": (
        "怡君:Yijun 家豪:Jiahao 雅婷:Yating 志明:Zhiming "
        "淑芬:Shufen 俊傑:Junjie 詩涵:Shihan 冠宇:Guanyu",
        "陳:Chen 林:Lin 黃:Huang 張:Zhang 李:Li 王:Wang 吳:Wu 劉:Liu 蔡:Cai 楊:Yang",
        "zh-TW zh-TW zh-Hant-TW en",
    ),
    "KR": (
        "민준:Minjun 서연:Seoyeon 지훈:Jihun 하은:Haeun",
        "김:Kim 이:Lee 박:Park 최:Choi",
        "ko ko en",
    ),
    "DE": (
        "Zoë Jürgen Anna Lukas Käthe Björn Friederike Jörg Sabine Matthias Lena Sören Ayşe Tobias",
        "Müller Schmidt Weiß Größing Schäfer Köhler Jäger Hoffmann Vogel Krüger Böhm Yılmaz",
        "de de de de-DE en",
    ),
    "FR": (
        "Chloé Étienne Léa Noël Inès François Hélène Benoît Maëlle Théo Aïcha Jean-Luc",
        "Lefèvre Dupont Bérenger Garçon Moreau Châtelain Benali Girard Faure Legrand Ménard",
        "fr fr fr-FR en",
    ),
    "GB": (
        "Oliver Amelia Siân Harry Imogen Callum Priya Rhys Niamh Zara Geoffrey Elspeth",
        "Smith O'Connell Llewellyn Patel Clarke MacDonald Okonkwo Whitfield Khan Ashworth Byrne",
        "en en-GB en-GB cy",
    ),
    "US": (
        "Jordan María Tyler Keisha José Emily Malik Sofía Brandon Linh Grace Noah",
        "Johnson García Nguyen Washington Rodríguez Kowalski Begay Lee Thompson Núñez Cohen",
        "en en-US en-US es-US",
    ),
    "KE": (
        "Wanjiru Otieno Achieng Kamau Njeri Kiprono Amina Mwangi Chebet Juma Wambui Barasa",
        "Kariuki Odhiambo Mutua Cheruiyot Njoroge Ouma Wekesa Kipchoge Hassan Nyambura Maina",
        "sw en en-KE sw-KE",
    ),
    "BR": (
        "João Conceição Thaís André Luíza Vinícius Mônica Caio Débora Antônio Letícia Zé",
        "Silva Gonçalves Araújo Assunção Magalhães Pereira Corrêa Simões Nascimento Brandão",
        "pt-BR pt-BR pt-BR en",
    ),
    "IN": (
        "आरव:Aarav प्रिया:Priya "
        "Ananya Rohan Lakshmi Vikram Meera Arjun Kavya Sanjay Fatima Harpreet",
        "शर्मा:Sharma गुप्ता:Gupta "
        "Iyer Reddy Chatterjee Nair Deshmukh Fernandes Singh Krishnamurthy Rao",
        "en-IN hi en kn",
    ),
    "TR": (
        "Çağla Ömer Şebnem İbrahim Gül Emre Ayşegül Doğan Zeynep Uğur Iraz Yiğit",
        "Yıldız Öztürk Şahin Çelik Kılıç Aydoğan Güneş Işık Demirtaş Koç",
        "tr tr tr-TR en",
    ),
    "PH": (
        "Maricel Jun-Jun Ligaya Rodrigo Analyn Crisanto Bituin Jomar Luzviminda Efren",
        "Santos Peñaflor Macaraeg Bautista Magsaysay Ocampo Ibañez Villanueva Dimaculangan",
        "fil en-PH en tl",
    ),
    "AE": (
        "محمد:Mohammed فاطمة:Fatima عائشة:Aisha خالد:Khalid مريم:Maryam Omar Layla Rashid Noura",
        "المنصوري:Almansoori الهاشمي:Alhashimi Haddad Khoury الزعابي:Alzaabi Rahman Qureshi",
        "ar ar-AE en ur",
    ),
    "SE": (
        "Åsa Björn Märta Göran Linnéa Örjan",
        "Åkesson Söderström Lindqvist Bergström Öberg",
        "sv sv en",
    ),
    "UA": (
        "Олена:Olena Тарас:Taras Оксана:Oksana Андрій:Andrii",
        "Шевченко:Shevchenko Коваленко:Kovalenko Бондар:Bondar",
        "uk uk en",
    ),
    "VN": ("Thị-Hương Văn-Đức Quỳnh Minh-Tuấn", "Nguyễn Trần Phạm Đặng", "vi en"),
    "PL": ("Łukasz Małgorzata Wojciech Święta", "Wiśniewski Dąbrowska Żuraw Kołodziej", "pl en"),
    "ET": ("ሰላም:Selam Tesfaye Bekele ሃና:Hana", "ኃይሌ:Haile ታደሰ:Tadesse Girma Alemu", "am en"),
}

_FAMILY_FIRST: Final = frozenset({"JP", "TW", "KR", "VN"})

CULTURES: Final = {
    country: Culture(
        tuple(given.split()),
        tuple(family.split()),
        tuple(languages.split()),
        country in _FAMILY_FIRST,
    )
    for country, (given, family, languages) in _NATIVE.items()
}

_ASCII_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "Ł": "L", "ı": "i", "đ": "d", "Đ": "D"}
)


def invent_name(chance: Random, country: str) -> Name:
    """Put a given and a family name of a country together, in the order used there."""
    culture = CULTURES[country]
    given, latin_given = _split_forms(chance.choice(culture.given))
    family, latin_family = _split_forms(chance.choice(culture.family))
    is_native = given != latin_given and family != latin_family
    if not is_native:  # never half of a name in another script
        given, family = latin_given, latin_family
    full = f"{family} {given}" if culture.is_family_first and is_native else f"{given} {family}"
    return Name(full, _to_ascii(latin_given), _to_ascii(latin_family))


def _split_forms(entry: str) -> tuple[str, str]:
    native, _, latin = entry.partition(":")
    return native, latin or native


def _to_ascii(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.translate(_ASCII_LETTERS))
    return "".join(letter for letter in decomposed.lower() if letter.isascii() and letter.isalpha())
