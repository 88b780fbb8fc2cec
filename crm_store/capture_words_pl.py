"""What people type in Polish, with and without accents."""

from crm_store.capture_text import Words

POLISH: Words = {
    "day": {0: "dziś|dzisiaj|dzisiejszy", 1: "jutro|jutra|jutrzejszy", 2: "pojutrze"},
    "past": {1: "wczoraj|przedwczoraj|ostatni|ostatnio|ostatnią|zeszły|zeszłym|zeszłą|temu|ubiegły|ubiegłym|ubiegłą"},
    "weekday": {
        0: "poniedziałek|poniedziałku|poniedziałkiem|pn|pon|poniedz", 1: "wtorek|wtorku|wtorkiem|wt|wto",
        2: "środa|środę|środy|śr", 3: "czwartek|czwartku|czw", 4: "piątek|piątku|piątkiem|pt|piąt",
        5: "sobota|sobotę|soboty|sob", 6: "niedziela|niedzielę|niedzieli|niedz|ndz",
    },
    "weak_weekday": {2: "sr", 6: "nd", 5: "sb"},
    "month": {
        1: "styczeń|stycznia|styczniu|sty", 2: "luty|lutego|lut", 3: "marzec|marca|marcu", 4: "kwiecień|kwietnia|kwi|kwiet",
        5: "maj|maja", 6: "czerwiec|czerwca|cze", 7: "lipiec|lipca|lip", 8: "sierpień|sierpnia|sierp",
        9: "wrzesień|września|wrz", 10: "październik|października|paź|pażdziernika", 11: "listopad|listopada",
        12: "grudzień|grudnia|gru|grud",
    },
    "next": {1: "przyszły|przyszłą|przyszłym|przyszłej|następny|następną|kolejny|kolejną"},
    "this": {1: "ten|tę|tą|w ten|w tę|najbliższy|najbliższą|w najbliższy|w najbliższą"},
    "next_week": {1: "przyszły tydzień|w przyszłym tygodniu|przyszłym tygodniu|następny tydzień|w następnym tygodniu"},
    "next_month": {1: "w przyszłym miesiącu|przyszły miesiąc|w następnym miesiącu"},
    "part": {
        "morning": "rano|z rana|jutro rano", "forenoon": "przed południem|przedpołudniem|do południa",
        "noon": "w południe|południe", "early_afternoon": "zaraz po południu|wczesnym popołudniem|po obiedzie",
        "afternoon": "po południu|popołudniu|popołudnie|popoł|po poł", "evening": "wieczorem|wieczór|pod wieczór",
        "day_end": "do końca dnia|koniec dnia|pod koniec dnia",
    },
    "part_today": {"evening": "dziś wieczorem", "day_end": "do końca dnia|koniec dnia|pod koniec dnia"},
    "week_end": {1: "do końca tygodnia|pod koniec tygodnia|koniec tygodnia|końca tygodnia"},
    "month_end": {1: "do końca miesiąca|pod koniec miesiąca|koniec miesiąca|końca miesiąca"},
    "next_workday": {
        1: "następny dzień roboczy|najbliższy dzień roboczy|w następnym dniu roboczym|w następny dzień roboczy"
        "|w najbliższym dniu roboczym|kolejny dzień roboczy|następnego dnia roboczego",
    },
    "unit": {
        "minutes": "min|minut|minuty|minutę|minutek", "hours": "h|godz|godzin|godziny|godzinę|godzinkę",
        "days": "d|dni|dzień|dniu", "weeks": "tydzień|tygodnie|tygodni|tyg", "months": "miesiąc|miesiące|miesięcy|mies|mc",
        "workdays": "dni robocze|dni roboczych|dzień roboczy|dni rob",
    },
    "one_unit": {
        "minutes": "minutę", "hours": "godzinę|godzinkę", "days": "dzień", "weeks": "tydzień",
        "months": "miesiąc", "workdays": "dzień roboczy",
    },
    "duration": {
        ("minutes", 30): "pół godziny|pół godzinki|półgodziny", ("minutes", 15): "kwadrans",
        ("minutes", 90): "półtorej godziny|półtora godziny", ("days", 14): "dwa tygodnie",
    },
    "number": {
        1: "jeden|jedną|jedna", 2: "dwa|dwie", 3: "trzy", 4: "cztery", 5: "pięć", 6: "sześć", 7: "siedem", 8: "osiem",
        9: "dziewięć", 10: "dziesięć", 15: "piętnaście", 20: "dwadzieścia", 30: "trzydzieści",
    },
    "in": {1: "za|w ciągu"},
    "at": {1: "o|ok|około|koło|na|ok."},
    "strong_at": {1: "godz|godz.|o godz|o godz.|o godzinie|godzina|na godz|na godz.|na godzinę"},
    "after": {1: "po|od"},
    "between": {1: "między|pomiędzy|od"},
    "and": {1: "a|i|do"},
    "on": {1: "w|we|na|dnia|w dniu"},
    "by": {1: "do|najpóźniej|najpóźniej do|przed"},
    "from": {1: "z|ze|z dnia|od|była|był"},
    "am": {"am": "rano", "pm": "po południu|wieczorem|popołudniu"},
    "hour": {1: "h|tej|ej|godz"},
    "clock_word": {"noon": "w południe"},
    "hour_word": {
        1: "pierwszej", 2: "drugiej", 3: "trzeciej", 4: "czwartej", 5: "piątej", 6: "szóstej", 7: "siódmej", 8: "ósmej",
        9: "dziewiątej", 10: "dziesiątej", 11: "jedenastej", 12: "dwunastej", 13: "trzynastej", 14: "czternastej",
        15: "piętnastej", 16: "szesnastej", 17: "siedemnastej", 18: "osiemnastej",
    },
    "before_hour": {-30: "wpół do|w pół do"},
    "call": {
        1: "zadzwonić|zadzwoń|zadzwonię|oddzwonić|oddzwoń|oddzwonię|przedzwonić|przedzwoń|telefon zwrotny|zadzwonić do klienta"
        "|proszę zadzwonić|proszę oddzwonić|trzeba zadzwonić|trzeba oddzwonić|oddzwonienie|zadzwonić ponownie",
    },
    "weak_call": {1: "dzwonić|telefon|zatelefonować|telefonować"},
    "todo": {
        1: "wysłać|wyślij|przesłać|prześlij|przygotować|przygotuj|sprawdzić|sprawdź|napisać|umówić|załatwić|wystawić|zamówić"
        "|potwierdzić|dosłać|odesłać|zweryfikować|ustalić|poprawić|dostarczyć|skontaktować się|trzeba wysłać",
    },
    "task": {1: "zadanie|todo|przypomnieć|przypomnienie|przypomnij"},
    "not": {1: "nie|nie trzeba|nie chce|nigdy|już nie"},
    "state": {
        1: "jest|był|była|było|byli|są|przerwany|przerwana|rozładowany"
        "|przyjdzie|przyjedzie|zapłaci|nie działa|działa|się|wysłane|wysłana|powiedział|powiedziała",
    },
    "third": {
        1: "będzie|chce|chciał|chciała|klient|klientka|miał|miała|ma|może|obiecał|obiecała|spróbuje|sam|sama|będą|mają|mam",
    },
    "label": {
        1: "faktura|faktury|fakturę|fv|fra|nr|numer|zamówienie|zamówienia|zam|umowa|umowy|umowę|tel|telefon|wew|pokój|kod|linia"
        "|wersja|strona|zgłoszenie|zgłoszenia|sprawa|pozycja|konto|poz|ul|dom|lok|reklamacja|reklamacji|przesyłka|przesyłki",
    },
    "measure": {
        1: "szt|sztuk|sztuki|sztuka|zł|pln|eur|euro|złotych|kg|g|km|m|cm|mm|procent|razy|x|lat|lata|rok|l|litrów|osób|osoby"
        "|kartonów|paczek|palet|licencji|stron|pozycji|groszy|gr",
    },
    "outcome": {
        "solved": "rozwiązane|rozwiązana|rozwiązany|załatwione|załatwiona|zrobione",
        "wrong_number": "zły numer|pomyłka|błędny numer|nie ten numer",
        "order": "zamówił|zamówiła|zamówili|zamawia|nowe zamówienie",
        "complaint": "skarży się|skarżył się|skarżyła się|reklamuje|złożył reklamację|złożyła reklamację|złożył skargę|złożyła skargę",
    },
    "tag": {
        "solved": "rozwiązane|załatwione|zrobione|gotowe", "callback": "oddzwonić|oddzwonienie|zadzwonić|telefon",
        "order": "zamówienie|zam", "complaint": "reklamacja|skarga", "wrong_number": "pomyłka|złynumer|zły-numer|zły_numer",
    },
}  # fmt: skip
