"""What people type in Slovak, with and without accents."""

from crm_store.capture_text import Words

SLOVAK: Words = {
    "day": {0: "dnes|dneska", 1: "zajtra|zajtrajšok", 2: "pozajtra|pozajtre"},
    "past": {1: "včera|predvčerom|minulý|minulú|minulé|minulého|naposledy|pred"},
    "weekday": {
        0: "pondelok|pondelka|pondelku|pon", 1: "utorok|utorka|utorku|ut|uto", 2: "streda|stredu|stredy|str",
        3: "štvrtok|štvrtka|štvrtku|št|štv", 4: "piatok|piatka|piatku|pia", 5: "sobota|sobotu|soboty|sob",
        6: "nedeľa|nedeľu|nedele|ned",
    },
    "weak_weekday": {2: "st", 4: "pi"},
    "small_weekday": {5: "so", 6: "ne"},
    "weakest_weekday": {0: "po"},
    "month": {
        1: "január|januára|januári|jan", 2: "február|februára|feb", 3: "marec|marca|mar", 4: "apríl|apríla|apr",
        5: "máj|mája", 6: "jún|júna", 7: "júl|júla", 8: "august|augusta|aug", 9: "september|septembra|sept",
        10: "október|októbra|okt", 11: "november|novembra|nov", 12: "december|decembra|dec",
    },
    "next": {1: "budúci|budúcu|budúce|budúceho|ďalší|ďalšiu"},
    "this": {1: "tento|túto|toto|najbližší|najbližšiu"},
    "next_week": {1: "budúci týždeň|budúceho týždňa|na budúci týždeň|ďalší týždeň"},
    "next_month": {1: "budúci mesiac|na budúci mesiac|ďalší mesiac"},
    "part": {
        "morning": "ráno|zrána|skoro ráno", "forenoon": "dopoludnia|doobeda|predpoludním|dopo",
        "noon": "na obed|poludnie|napoludnie|na poludnie|cez obed", "early_afternoon": "po obede|hneď po obede",
        "afternoon": "popoludní|poobede|odpoludnia|popo", "evening": "večer|podvečer",
        "day_end": "do konca dňa|koncom dňa|koniec dňa|do konca pracovnej doby",
    },
    "part_today": {"evening": "dnes večer", "day_end": "do konca dňa|koncom dňa|koniec dňa|do konca pracovnej doby"},
    "week_end": {1: "do konca týždňa|koncom týždňa|koniec týždňa|konca týždňa"},
    "month_end": {1: "do konca mesiaca|koncom mesiaca|koniec mesiaca|konca mesiaca"},
    "next_workday": {
        1: "nasledujúci pracovný deň|najbližší pracovný deň|ďalší pracovný deň|budúci pracovný deň|nasl. pracovný deň",
    },
    "unit": {
        "minutes": "min|minút|minúty|minútu|minúta", "hours": "h|hod|hodín|hodiny|hodinu|hodina|hodinky|hodinku",
        "days": "d|dní|dni|deň|dňoch", "weeks": "týždňov|týždne|týždeň|týž|tyz", "months": "mesiacov|mesiace|mesiac|mes",
        "workdays": "pracovných dní|pracovné dni|pracovný deň|prac. dni|prac. dní|prac dni|prac dní",
    },
    "one_unit": {
        "minutes": "minútu", "hours": "hodinu|hodinku", "days": "deň", "weeks": "týždeň",
        "months": "mesiac", "workdays": "pracovný deň",
    },
    "duration": {
        ("minutes", 30): "pol hodinu|pol hodiny|pol hodinky|polhodinu|polhodinku", ("minutes", 15): "štvrť hodiny|štvrťhodinu",
        ("minutes", 90): "hodinu a pol|poldruha hodiny|jeden a pol hodiny", ("days", 14): "štrnásť dní|dva týždne",
    },
    "number": {
        1: "jeden|jednu|jedno", 2: "dva|dve", 3: "tri", 4: "štyri", 5: "päť", 6: "šesť", 7: "sedem", 8: "osem", 9: "deväť",
        10: "desať", 15: "pätnásť", 20: "dvadsať", 30: "tridsať",
    },
    "in": {1: "o|za"},
    "at": {1: "o|okolo|cca o|asi o|tak o|na"},
    "strong_at": {1: "o hodine|o hod"},
    "after": {1: "po|od"},
    "between": {1: "medzi|od"},
    "and": {1: "a|až|do"},
    "on": {1: "v|vo|na|dňa|cez"},
    "by": {1: "do|najneskôr|najneskôr do|pred"},
    "from": {1: "zo|z|zo dňa|z dňa|od|ku dňu|bola|bol"},
    "am": {"am": "ráno|dopoludnia|doobeda", "pm": "popoludní|poobede|večer"},
    "hour": {1: "h|hod|hodine|hodín|tej"},
    "clock_word": {"noon": "napoludnie|na poludnie|na obed"},
    "hour_word": {
        1: "jednej", 2: "druhej", 3: "tretej", 4: "štvrtej", 5: "piatej", 6: "šiestej", 7: "siedmej", 8: "ôsmej",
        9: "deviatej", 10: "desiatej", 11: "jedenástej", 12: "dvanástej", 13: "trinástej", 14: "štrnástej",
        15: "pätnástej", 16: "šestnástej", 17: "sedemnástej", 18: "osemnástej",
    },
    "before_hour": {-30: "pol"},
    "call": {
        1: "zavolať|zavolať späť|zavolať naspäť|zavolám|zavolajme|zavolaj|zavolať mu|zavolať jej|zavolať im|ozvať sa"
        "|ozvem sa|prezvoniť|spätné volanie|spätne volať|treba zavolať|prosím zavolať|volať späť|volať naspäť|zavolať zákazníkovi",
    },
    "weak_call": {1: "volať|telefonát|telefonovať|volanie"},
    "todo": {
        1: "poslať|poslať mu|poslať jej|odoslať|zaslať|pripraviť|overiť|preveriť|skontrolovať|napísať|vybaviť|objednať"
        "|dohodnúť|doručiť|opraviť|vystaviť|preposlať|potvrdiť|zistiť|prejsť|doplniť|zaslať znova|treba poslať|kontaktovať",
    },
    "task": {1: "úloha|todo|pripomenúť|pripomienka|pripomeň"},
    "not": {1: "ne|nie|netreba|nemá|nechce|nemusím|už netreba|nechcel|nechcela"},
    "state": {
        1: "je|bol|bola|bolo|boli|sú|prerušené|prerušený|prerušená|spadlo|príde|prídu"
        "|prišlo|prišiel|prišla|zaplatí|nejde|nefunguje|funguje|sa|odoslané|odoslaná|povedal|povedala",
    },
    "third": {
        1: "bude|chce|chcel|chcela|zákazník|zákazníčka|klient|klientka|mal|mala|má|môže|sľúbil|sľúbila|skúsi|skúsil|sám|sama"
        "|budú|chcú|prišiel|vie|mám|nemôže",
    },
    "label": {
        1: "faktúra|faktúry|faktúru|faktúre|fa|fakt|číslo|č|čísle|objednávka|objednávky|objednávku|obj|zmluva|zmluvy|zmluvu"
        "|tel|telefón|klapka|miestnosť|izba|kód|linka|verzia|strana|prípad|tiket|položka|vs|účet|dielo|trieda|reklamácia"
        "|reklamácie|reklamáciu|zákazka|zákazky|zásielka|zásielky",
    },
    "measure": {
        1: "ks|kus|kusy|kusov|eur|euro|eura|eurá|eúr|kg|g|km|m|cm|mm|percent|krát|x|rokov|roky|rok|l|litrov|ľudí|osôb|osoby"
        "|krabíc|balení|balíkov|paliet|licencií|kč|czk|strán|položiek|centov",
    },
    "outcome": {
        "solved": "vyriešené|vyriešená|vyriešený|vybavené|vybavená|hotovo",
        "wrong_number": "zlé číslo|omyl|nesprávne číslo|pomýlené číslo|mýlka",
        "order": "objednal|objednala|objednali|objednáva|nová objednávka",
        "complaint": "sťažuje sa|sťažoval sa|sťažovala sa|reklamuje|reklamoval|reklamovala|podal sťažnosť|podala sťažnosť",
    },
    "tag": {
        "solved": "vyriešené|vybavené|hotovo|hotové", "callback": "zavolať|volať|spätne|spätnévolanie|spätné-volanie",
        "order": "objednávka|objednávky|obj", "complaint": "reklamácia|reklamácie|sťažnosť",
        "wrong_number": "omyl|zléčíslo|zlé-číslo|zlé_číslo",
    },
}  # fmt: skip
