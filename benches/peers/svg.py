"""Charts as SVG, written by hand: groups of bars, and panels of lines."""

import math
from html import escape

COLOURS = {"flowbook": "#1f4e79", "peer": "#9dc3e6", "limit": "#bfbfbf"}
STYLE = '<style>text{font:12px sans-serif;fill:#404040}.t{font-size:15px;font-weight:bold}.g{font-weight:bold}</style>'


def text(x, y, words, more=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" {more}>{escape(words)}</text>'


def page(width, height, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    back = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, STYLE, back, *parts, "</svg>"]) + "\n"


def bars(title, groups):
    """Groups are (heading, [(name, value, role)]); every group has its own scale, from 0."""
    left, full, row = 230, 480, 18
    parts, y = [text(10, 24, title, 'class="t"')], 50
    for heading, values in groups:
        parts.append(text(10, y, heading, 'class="g"'))
        y += 8
        most = max(value for _, value, _ in values)
        for name, value, role in values:
            length = max(1, full * value / most)
            parts.append(text(left - 8, y + 12, name, 'text-anchor="end"'))
            parts.append(f'<rect x="{left}" y="{y + 2}" width="{length:.1f}" height="13" fill="{COLOURS[role]}"/>')
            parts.append(text(left + length + 6, y + 12, f"{value:.2f}"))
            y += row
        y += 24
    return page(left + full + 70, y, parts)


def lines(title, panels):
    """Panels are (heading, unit of x, unit of y, [(x, y)]): x on a logarithmic scale, y from 0."""
    width, height, gap = 330, 170, 70
    parts = [text(10, 24, title, 'class="t"')]
    for at, (heading, x_unit, y_unit, points) in enumerate(panels):
        x0, y0 = 60 + (at % 2) * (width + gap), 70 + (at // 2) * (height + gap)
        parts += panel(x0, y0, width, height, heading, x_unit, y_unit, points)
    rows = (len(panels) + 1) // 2
    return page(2 * (width + gap) + 20, 70 + rows * (height + gap), parts)


def panel(x0, y0, width, height, heading, x_unit, y_unit, points):
    low, high = math.log10(points[0][0]), math.log10(points[-1][0])
    most = max(y for _, y in points) * 1.1
    place = lambda x, y: (x0 + width * (math.log10(x) - low) / (high - low or 1), y0 + height * (1 - y / most))
    dots = [place(x, y) for x, y in points]
    yield text(x0, y0 - 12, f"{heading}: {y_unit}", 'class="g"')
    yield f'<path d="M{x0} {y0}V{y0 + height}H{x0 + width}" fill="none" stroke="#a6a6a6"/>'
    yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in dots)}" fill="none" stroke="#1f4e79" stroke-width="2"/>'
    for (x, y), (size, value) in zip(dots, points):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1f4e79"/>'
        yield text(x, y - 8, figure(value), 'text-anchor="middle"')
        yield text(x, y0 + height + 16, short(size), 'text-anchor="middle"')
    yield text(x0 + width, y0 + height + 32, x_unit, 'text-anchor="end"')


def figure(value):
    """Three digits or more, never an exponent."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def short(number):
    """1000000 as 1 M."""
    for power, unit in ((9, "G"), (6, "M"), (3, "k")):
        if number >= 10**power:
            return f"{number / 10**power:.3g} {unit}"
    return f"{number:g}"
