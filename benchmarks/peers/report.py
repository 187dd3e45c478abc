"""What was measured, as a table, as targets met or missed, and as a plot."""

import math

CREATE, SPARE, SLOPE, WHOLE, NOTHING = 1.3, 0.005, 100, 40, 1.2
TABLES = {
    "pending": "the pending migration, s",
    "nothing": "nothing to do, s",
    "memory": "its largest process, MB",
}
WIDTH, HEIGHT, LEFT, TOP, RIGHT = 800, 380, 60, 40, 270
COLOURS = (
    *("#6b7280", "#b45309", "#d97706", "#ca8a04", "#1d4ed8", "#60a5fa", "#047857", "#7c3aed"),
    *("#be185d", "#0f766e"),
)


def tabulate(found, sizes):
    """Yield the lines of the table."""
    yield f"{'creating a schema':34} {'ms':>10}"
    for way, seconds in found["create"].items():
        yield f"{way:34} {seconds * 1000:10.1f}"
    for what, title in TABLES.items():
        yield ""
        yield f"{title:34} " + " ".join(f"{size:>9} x" for size in sizes)
        for way, times in found[what].items():
            cells = (f"{times[size]:11.2f}" if size in times else f"{'':11}" for size in sizes)
            yield f"{way:34} {' '.join(cells)}".rstrip()


def slope(times, sizes):
    """Return the seconds of each schema, between the fewest and the most."""
    few, many = min(sizes), max(sizes)
    return (times[many] - times[few]) / (many - few) if many > few else math.nan


def judge(found, sizes, ours, plain):
    """Yield each target, and whether it was met."""
    create, pending, nothing = found["create"], found["pending"], found["nothing"]
    most = max(sizes)
    others = (way for way in pending if way not in (ours.name, plain.name))
    peers = [way for way in others if {min(sizes), most} <= pending[way].keys()]
    fastest = min(slope(pending[way], sizes) for way in peers)
    floor = create["the bare statements"]
    results = [
        ("create / the bare statements", create["boardinghouse, create"] / floor, CREATE, False),
        ("a spare, in seconds", create["boardinghouse, a spare"], SPARE, False),
        (
            "pending, per schema: the faster peer / boardinghouse",
            fastest / slope(pending[ours.name], sizes),
            SLOPE,
            True,
        ),
        (
            f"pending, whole command at {most}: the faster peer / boardinghouse",
            min(pending[way][most] for way in peers) / pending[ours.name][most],
            WHOLE,
            True,
        ),
        (
            f"nothing to do at {most} / plain Django",
            nothing[ours.name][most] / nothing[plain.name][most],
            NOTHING,
            False,
        ),
    ]
    for what, value, target, is_least in results:
        is_met = value >= target if is_least else value <= target
        limit = f"at {'least' if is_least else 'most'} {target}"
        yield f"{what}: {value:.3g} (target: {limit}): {'met' if is_met else 'missed'}"


def plot(series, sizes, title):
    """Return an SVG of what was measured by size, both on logarithmic scales.

    A difference that noise has made negative has no place there.
    """
    series = {
        way: {size: value for size, value in times.items() if value > 0}
        for way, times in series.items()
    }
    values = [each for times in series.values() for each in times.values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(min(sizes)), math.log10(max(sizes))

    def place(size, value):
        across = (math.log10(size) - first) / ((last - first) or 1)
        up = (math.log10(value) - low) / ((high - low) or 1)
        x = LEFT + across * (WIDTH - LEFT - RIGHT)
        return f"{x:.1f}", f"{HEIGHT - TOP - up * (HEIGHT - 2 * TOP):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{title}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" fill="#111827">{title}</text>',
    ]
    for power in range(low, high + 1):
        x, y = place(min(sizes), 10**power)
        parts.append(f'<line x1="{x}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#e5e7eb"/>')
        parts.append(text(LEFT - 8, y, f"{10.0**power:g}", "end"))
    for size in sizes:
        parts.append(text(place(size, 10**low)[0], HEIGHT - 15, size, "middle"))
    for number, (way, times) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(",".join(place(size, times[size])) for size in sizes if size in times)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(text(WIDTH - RIGHT + 15, TOP + 20 * number, way, "start", colour))
    return "\n".join([*parts, "</svg>"]) + "\n"


def text(x, y, what, anchor, colour="#374151"):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{what}</text>'
