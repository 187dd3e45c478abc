"""What was measured, as a table, as targets met or missed, and as a plot."""

import math

CREATE, SPARE, SLOPE, WHOLE, NOTHING = 1.3, 0.005, 100, 40, 1.2
WIDTH, HEIGHT, LEFT, TOP, RIGHT = 760, 380, 60, 40, 230
COLOURS = ("#6b7280", "#b45309", "#d97706", "#1d4ed8", "#60a5fa", "#047857")


def tabulate(found, sizes):
    """Yield the lines of the table."""
    yield f"{'creating a schema':34} {'ms':>10}"
    for way, seconds in found["create"].items():
        yield f"{way:34} {seconds * 1000:10.1f}"
    for what, title in (("pending", "the pending migration"), ("nothing", "nothing to do")):
        yield ""
        yield f"{title + ', s':34} " + " ".join(f"{size:>9} x" for size in sizes)
        for way, times in found[what].items():
            yield f"{way:34} " + " ".join(f"{times[size]:11.2f}" for size in sizes)


def slope(times, sizes):
    """Return the seconds of each schema, between the fewest and the most."""
    few, many = min(sizes), max(sizes)
    return (times[many] - times[few]) / (many - few) if many > few else math.nan


def judge(found, sizes, ours, plain):
    """Yield each target, and whether it was met."""
    create, pending, nothing = found["create"], found["pending"], found["nothing"]
    peers = [way for way in pending if way not in (ours.name, plain.name)]
    most = max(sizes)
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


def plot(pending, sizes):
    """Return an SVG of the whole commands' seconds by size, both on logarithmic scales."""
    times = [each for way in pending.values() for each in way.values()]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    first, last = math.log10(min(sizes)), math.log10(max(sizes))

    def place(size, seconds):
        across = (math.log10(size) - first) / ((last - first) or 1)
        up = (math.log10(seconds) - low) / ((high - low) or 1)
        x = LEFT + across * (WIDTH - LEFT - RIGHT)
        return f"{x:.1f},{HEIGHT - TOP - up * (HEIGHT - 2 * TOP):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="currentColor">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20">The pending migration: seconds of the whole command</text>',
    ]
    for power in range(low, high + 1):
        x, y = place(min(sizes), 10**power).split(",")
        parts.append(f'<line x1="{x}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{10.0**power:g}</text>')
    for size in sizes:
        x, _y = place(size, 10**low).split(",")
        parts.append(f'<text x="{x}" y="{HEIGHT - 15}" text-anchor="middle">{size}</text>')
    for number, (way, each) in enumerate(pending.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(place(size, each[size]) for size in sizes)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        y = TOP + 20 * number
        parts.append(f'<text x="{WIDTH - RIGHT + 15}" y="{y}" fill="{colour}">{way}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
