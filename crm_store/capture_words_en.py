"""What people type in English."""

from crm_store.capture_text import Words

ENGLISH: Words = {
    "day": {0: "today", 1: "tomorrow|tomorow|tmrw|tmw|2moro", 2: "day after tomorrow|the day after tomorrow|overmorrow"},
    "past": {1: "yesterday|last|ago|earlier today|since"},
    "weekday": {
        0: "monday|mondays", 1: "tuesday|tue|tues", 2: "wednesday|weds", 3: "thursday|thu|thur|thurs", 4: "friday|fri",
        5: "saturday", 6: "sunday",
    },
    "weak_weekday": {0: "mon", 2: "wed", 5: "sat", 6: "sun"},
    "month": {
        1: "january|jan", 2: "february|feb", 3: "march|mar", 4: "april|apr", 5: "may", 6: "june|jun", 7: "july|jul",
        8: "august|aug", 9: "september|sep|sept", 10: "october|oct", 11: "november|nov", 12: "december|dec",
    },
    "ordinal": {1: "st|nd|rd|th|th of|st of|nd of|rd of|of"},
    "next": {1: "next"},
    "this": {1: "this|coming|this coming"},
    "next_week": {1: "next week|following week|the week after"},
    "next_month": {1: "next month"},
    "part": {
        "morning": "morning|in the morning|first thing", "forenoon": "before noon|before lunch",
        "noon": "noon|midday|lunchtime|at lunch", "early_afternoon": "after lunch|early afternoon",
        "afternoon": "afternoon|in the afternoon", "evening": "evening|in the evening|tonight",
        "day_end": "eod|end of day|end of the day|cob|close of business",
    },
    "part_today": {"evening": "tonight", "day_end": "eod|end of day|end of the day|cob|close of business"},
    "week_end": {1: "end of week|end of the week|eow"},
    "month_end": {1: "end of month|end of the month|eom"},
    "next_workday": {1: "next business day|next working day|next workday|following business day"},
    "unit": {
        "minutes": "min|mins|minute|minutes", "hours": "h|hr|hrs|hour|hours", "days": "d|day|days",
        "weeks": "w|week|weeks", "months": "month|months",
        "workdays": "business day|business days|working day|working days|workday|workdays",
    },
    "duration": {("minutes", 30): "half an hour|half hour|a half hour", ("minutes", 90): "an hour and a half"},
    "number": {
        1: "a|an|one", 2: "two|a couple of|couple of", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight",
        9: "nine", 10: "ten", 15: "fifteen", 20: "twenty", 30: "thirty",
    },
    "in": {1: "in|within"},
    "at": {1: "at|@|around|at about|at around|by"},
    "after": {1: "after|from"},
    "between": {1: "between|from"},
    "and": {1: "and|to|till|until|or"},
    "on": {1: "on|for|the"},
    "by": {1: "by|until|till|before|no later than|latest"},
    "from": {1: "from|dated|of|since|was|were"},
    "am": {"am": "am|a.m.|a.m", "pm": "pm|p.m.|p.m"},
    "hour": {1: "o'clock|oclock|hrs|hours"},
    "clock_word": {"noon": "noon|midday"},
    "hour_word": {
        1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten",
        11: "eleven", 12: "twelve",
    },
    "before_hour": {30: "half past", 15: "quarter past|a quarter past", -15: "quarter to|a quarter to"},
    "call": {
        1: "call back|callback|call-back|call him back|call her back|call them back|call customer back|call client back"
        "|ring back|phone back|ring him back|ring her back|cb|please call back|i will call back|i'll call back"
        "|we will call back|we'll call back|i will call him back|i'll call him back"
        "|i will call her back|i'll call her back|i'll call|i will call|we'll call|we will call|pls call back",
    },
    "weak_call": {1: "call|phone|ring|telephone|please call|pls call"},
    "todo": {
        1: "send|email|e-mail|prepare|check|verify|write|arrange|book|fix|update|forward|follow up|follow-up|resend"
        "|confirm|ship|deliver|refund|schedule|review|ask|contact|please send|pls send"
        "|i will send|i'll send|we will send|we'll send|need to send|needs to be sent",
    },
    "task": {1: "todo|to-do|to do|task|remind|reminder|remind me"},
    "no_verb": {
        1: "call centre|call center|call log|call list|call dropped|call waiting|call recording|call ended|call lost|call quality"
        "|call forwarding|call transfer|phone number|phone system|phone line|phone bill|phone broken|ring tone|ring group"
        "|ask price|call out|call off|send button|check in|book value|ship date",
    },
    "not": {1: "not|don't|dont|do not|no|never|no need to|needn't|didn't|won't"},
    "state": {
        1: "was|is|were|are|has|had|been|isn't|wasn't|bounced|came|went|failed"
        "|broke|broken|restarted|arrived|rang|works|sent|received|said|says|promised|closed|ended|working",
    },
    "third": {
        1: "he|she|they|he'll|she'll|they'll|will|customer|client|would|wants to|want to|wanted to|caller|did|can|could"
        "|tried to|going to|promised to|promises to|will try to|wants to|want to|wanted to|is to|you|should|agreed to|refused to",
    },
    "label": {
        1: "invoice|invoices|inv|order|no|nr|number|num|ticket|case|ref|room|ext|extension|tel|phone|id|code|pin|version"
        "|v|item|contract|account|policy|page|flat|gate|line|model|serial|route|bus|highway|level|size|grade|batch",
    },
    "measure": {
        1: "pcs|pc|pieces|piece|units|unit|eur|usd|gbp|euro|euros|dollars|pounds|kg|g|km|m|cm|mm|percent|items|item|boxes|box"
        "|people|persons|times|x|years|year|l|litres|gb|mb|tons|pallets|licences|licenses|seats|users|phones|pages|each",
    },
    "outcome": {
        "solved": "solved|resolved|all sorted|issue resolved|problem solved",
        "wrong_number": "wrong number|misdialled|misdialed|wrong no",
        "order": "ordered|placed an order|new order|order placed",
        "complaint": "complains|complained|is complaining|complaining|filed a complaint|made a complaint",
    },
    "tag": {
        "solved": "solved|resolved|done|fixed|closed", "callback": "callback|call-back|cb",
        "order": "order|sale", "complaint": "complaint|complain", "wrong_number": "wrong|wrong-number|wrong_number|wrongnumber",
    },
}  # fmt: skip
