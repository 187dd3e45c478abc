"""Who and what the example starts with: data, and nothing else."""

PASSWORD = "boarding"

COUNTRIES = {
    "AU": "Australia",
    "CH": "Switzerland",
    "IN": "India",
    "KE": "Kenya",
    "NO": "Norway",
    "NZ": "New Zealand",
}

NOTICE = "Timetable of {name}\n\n08:00 Breakfast\n09:00 Lessons\n16:00 Sports\n"

ROLES = {
    "editor": ["view_pupil", "add_pupil", "change_pupil", "view_house", "view_staff"],
    "reader": ["view_pupil", "view_house"],
}

SCHOOLS = {
    "hamilton": {
        "name": "Hamilton Hall",
        "pupils": [
            ("Ada Whitlock", "North", "AU"),
            ("Bruno Keller", "North", "CH"),
            ("Chidi Otieno", "South", "KE"),
            ("Daphne Rao", "South", "IN"),
        ],
        "staff": [("Ms Harrow", "Head"), ("Mr Finch", "Mathematics"), ("Dr Oyelaran", "Nurse")],
    },
    "riverside": {
        "name": "Riverside School",
        "pupils": [
            ("Elias Berg", "Heron", "NO"),
            ("Freya Tamahere", "Kingfisher", "NZ"),
            ("Gita Pillai", "Heron", "IN"),
        ],
        "staff": [("Mr Waters", "Head"), ("Ms Alder", "Rowing")],
    },
    "stmarys": {
        "name": "St Mary's College",
        "pupils": [
            ("Hugo Lindqvist", "Abbey", "NO"),
            ("Imani Wanjiru", "Priory", "KE"),
            ("Jonas Frei", "Abbey", "CH"),
        ],
        "staff": [("Sister Agnes", "Head"), ("Mr Bellamy", "Music")],
    },
}

PEOPLE: dict[str, dict[str, str]] = {
    "anna": {"hamilton": "editor", "riverside": "reader"},
    "tomas": {"hamilton": "reader", "riverside": "editor", "stmarys": "editor"},
    "ben": {"stmarys": "reader"},
    "cara": {},
}
