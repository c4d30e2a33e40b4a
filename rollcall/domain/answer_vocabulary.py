"""The phrases by which people say that they are safe, or call for help, in the portal's languages.

Written as people write; `rollcall.domain.answer_words` folds case, accents and width away. Left
out is what an answer to another question looks like just as well: "yes", "sure", "sicher", "seguro"
(sure, and safe), "bien" in French, "gut", a thumb. Who writes one of those is read by a person.
"""
# ruff: noqa: E501 - what people write in other languages

from typing import Final

OK_PHRASES: Final = {
    "en": "ok, okay, okey, ok here, all ok, all okay, all good, all fine, all well, all safe, "
    "im ok, i'm ok, i am ok, im okay, i'm okay, i am okay, we are ok, we're ok, we are okay, "
    "we're okay, safe, im safe, i'm safe, i am safe, we are safe, we're safe, we are all safe, "
    "we're all safe, we are all ok, we're all ok, safe and sound, safe and well, "
    "i am safe and sound, i'm safe and sound, i am safe and well, i'm safe and well, "
    "fine, im fine, i'm fine, i am fine, we are fine, we're fine, we are all fine, we're all fine, "
    "im good, i'm good, i am good, im well, i'm well, i am well, im alright, i'm alright, "
    "i am alright, im all right, i'm all right, i am all right, doing ok, doing fine, "
    "everything ok, everything is ok, everything is fine, i feel safe, i feel fine",
    "ar": "بخير, انا بخير, أنا بخير, نحن بخير, كلنا بخير, جميعنا بخير, انا بأمان, أنا بأمان, "
    "نحن بأمان, أنا في أمان, نحن في أمان, أنا آمن, أنا آمنة, أنا سالم, أنا سالمة, انا سليم, "
    "أنا سليمة, تمام, أنا تمام, كله تمام, كل شيء بخير, كل شيء على ما يرام, أنا على ما يرام, "
    "اوكي, أوكي, اوك",
    "de": "ok, okay, okey, alles ok, alles okay, alles gut, alles in ordnung, alles bestens, "
    "ich bin ok, ich bin okay, bin ok, bin okay, wir sind ok, wir sind okay, sind ok, "
    "mir geht es gut, mir geht's gut, mir gehts gut, geht mir gut, es geht mir gut, "
    "uns geht es gut, uns geht's gut, uns gehts gut, es geht uns gut, in sicherheit, "
    "ich bin in sicherheit, bin in sicherheit, wir sind in sicherheit, sind in sicherheit, "
    "ich bin wohlauf, bin wohlauf, wir sind wohlauf, wohlauf, bei mir ist alles ok, "
    "bei mir alles ok, bei mir alles gut, bei mir ist alles gut, bei uns ist alles ok, "
    "bei uns alles ok, bei uns alles gut, bei uns ist alles gut",
    "es": "ok, okay, okey, bien, todo bien, todo ok, estoy bien, estoy ok, estamos bien, "
    "estamos ok, estamos todos bien, todos bien, a salvo, estoy a salvo, estamos a salvo, "
    "yo estoy bien, me encuentro bien, nos encontramos bien, sano y salvo, sana y salva, "
    "estoy sano y salvo, estoy sana y salva, muy bien, estoy muy bien",
    "fr": "ok, okay, okey, je vais bien, nous allons bien, on va bien, tout va bien, ça va bien, "
    "ca va bien, je vais très bien, je suis ok, nous sommes ok, tout est ok, "
    "je suis en sécurité, en sécurité, nous sommes en sécurité, on est en sécurité, "
    "je suis à l'abri, à l'abri, nous sommes à l'abri, on est à l'abri, sain et sauf, "
    "saine et sauve, sains et saufs, je suis sain et sauf, je suis saine et sauve, "
    "nous sommes sains et saufs, rien à signaler, je me porte bien",
    "ja": "ok, okです, オーケー, オーケーです, おk, 大丈夫, 大丈夫です, 大丈夫だよ, だいじょうぶ, "
    "だいじょうぶです, 無事, 無事です, 無事だよ, 無事でいます, ぶじです, 安全です, 安全な場所にいます, "
    "元気です, 問題ありません, 問題ないです, 異常なし",
}
"""A text that says nothing else is an OK."""

FILLERS: Final = {
    "en": "yes, yep, yeah, hi, hello, dear all, thanks, thank you, thank you very much, thx, "
    "many thanks, regards, best regards, kind regards, best, cheers",
    "ar": "نعم, أجل, مرحبا, السلام عليكم, شكرا, شكرا جزيلا, شكرا لكم, الحمد لله, والحمد لله, "
    "الحمدلله, والحمدلله",
    "de": "ja, hallo, danke, vielen dank, danke schön, dankeschön, mfg, gruß, grüße, lg, "
    "viele grüße, liebe grüße, mit freundlichen grüßen, beste grüße",
    "es": "sí, hola, gracias, muchas gracias, gracias a dios, saludos, un saludo, buenos días, "
    "buenas tardes, buenas noches",
    "fr": "oui, bonjour, bonsoir, merci, merci beaucoup, cordialement, bien cordialement, "
    "salutations, cdt",
    "ja": "はい, ええ, 私は, 私も, 私たちは, 家族も, ありがとう, ありがとうございます, こんにちは, "
    "よろしくお願いします",
}
"""May stand beside, and say nothing by themselves."""

ASIDES: Final = {
    "en": "at home, i'm at home, i am at home, home, now, at work, at the office, at the hotel, "
    "don't need help, i don't need help, dont need help, i dont need help, i do not need help, "
    "we don't need help, we dont need help, we do not need help, need no help, i need no help, "
    "no help needed, not injured, nobody injured, no one injured, nobody is injured, "
    "nobody hurt, not hurt, not in danger, no danger, out of danger",
    "ar": "في البيت, في المنزل, الآن",
    "de": "zu hause, zuhause, daheim, bin zu hause, bin zuhause, ich bin zu hause, "
    "ich bin zuhause, jetzt, keine hilfe nötig, ich brauche keine hilfe, brauche keine hilfe, "
    "wir brauchen keine hilfe, brauchen keine hilfe, ich benötige keine hilfe, "
    "benötige keine hilfe, unverletzt, nicht verletzt, niemand verletzt, nicht in gefahr, "
    "außer gefahr",
    "es": "en casa, estoy en casa, ahora, sin heridos, fuera de peligro",
    "fr": "à la maison, je suis à la maison, chez moi, je suis chez moi, maintenant, "
    "pas besoin d'aide, je n'ai pas besoin d'aide, nous n'avons pas besoin d'aide, pas blessé, "
    "pas blessée, aucun blessé, personne n'est blessé, hors de danger",
    "ja": "家にいます, 自宅にいます, 自宅です, 助けは不要です, 助けは不要, 助けはいりません, 救助不要, "
    "救助は不要です, けがはありません, 怪我はありません, 怪我なし, けがなし, 危険はありません",
}
"""As `FILLERS`, but they tell more than the answer. Those that speak of help and do not call for
it are bound so closely that they cannot be read as "No! I need help" without its punctuation, as
"no necesito ayuda" can: that is not here, and counts as a call for help."""

HELP_PHRASES: Final = {
    "en": "help, sos, mayday, injured, wounded, hurt, bleeding, trapped, stuck, rescue, ambulance, "
    "emergency, unsafe, in danger, not ok, not okay, not safe, not fine, not well, not good, "
    "not alright, not all right, never safe, isn't safe, isnt safe, isn't ok, ain't ok, aint ok, "
    "don't feel safe, dont feel safe, do not feel safe, not feeling safe, not feeling well, "
    "can't breathe, cant breathe, cannot breathe, can't move, cant move, cannot move, dying",
    "de": "hilfe, hilf, helft, helfen, helfe, notfall, notruf, verletzt, verletzte, verletzter, "
    "verwundet, blute, blutet, eingeschlossen, verschüttet, eingeklemmt, gefangen, rettet, "
    "rettung, krankenwagen, notarzt, in gefahr, unsicher, nicht sicher, nicht ok, nicht okay, "
    "nicht gut, nicht in sicherheit, nicht in ordnung, schlecht",
    "es": "ayuda, ayúdame, ayúdenme, ayúdenos, ayúdennos, ayúdanos, ayudar, auxilio, socorro, "
    "herido, herida, heridos, heridas, atrapado, atrapada, atrapados, atrapadas, rescate, "
    "rescátenme, rescátennos, ambulancia, emergencia, en peligro, inseguro, insegura, "
    "no estoy bien, no estoy ok, no estoy a salvo, no estoy seguro, no estoy segura, "
    "no estamos bien, no estamos a salvo, no me encuentro bien, no todo bien, nada bien, mal, "
    "no está bien, no están bien",
    "fr": "aide, aidez, aider, au secours, secours, à l'aide, blessé, blessée, blessés, blessées, "
    "coincé, coincée, coincés, coincées, piégé, piégée, piégés, piégées, bloqué, bloquée, "
    "bloqués, bloquées, ambulance, urgence, en danger, pas bien, pas ok, pas en sécurité, "
    "pas à l'abri, ne va pas, ça va pas, va mal, vais mal, allons mal, pas sain et sauf",
}
"""A text in which one of these stands, as words of their own, is a call for help."""

HELP_STEMS: Final = {
    "ar": "مساعد, ساعد, النجدة, نجدة, انقذ, أنقذ, إنقاذ, مصاب, جريح, جرحى, عالق, محاصر, محتجز, "
    "خطر, لست بخير, لسنا بخير, ليس بخير, ليسوا بخير, مش بخير, مو بخير, غير بخير, لست آمن, "
    "لسنا آمن, غير آمن, لست في أمان, لسنا في أمان, لست بأمان, إسعاف, طوارئ, إغاثة, استغاثة",
    "ja": "助けて, たすけて, 助けが, 助けを, 助けに, たすけが, たすけを, 助け必要, 助け求, 救助, 救援, "
    "救急, ヘルプ, けがを, けがし, けがに, けが人, けがです, 怪我, ケガ, 負傷, 閉じ込め, とじこめ, 動けな, 動けませ, うごけな, 危険, 危ない, "
    "あぶない, 大丈夫じゃ, 大丈夫では, 大丈夫でな, だいじょうぶじゃ, だいじょうぶでは, 無事じゃ, "
    "無事では, 安全じゃ, 安全では, 安全でな, 生き埋め",
}
"""The same where words are not set apart, or grow at both ends: wherever it stands."""
