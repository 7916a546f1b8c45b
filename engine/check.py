"""``alur check``, and the parts that all commands share; ``cli`` has the other commands.

Designers check often, so this module loads neither database nor pages.
"""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from engine import __version__
from engine.model.errors import AlurError, Busy, Finding, InvalidForm, InvalidProcedure, NotFound, SetupError, StoreAway
from engine.service.authoring import checking
from engine.service.procedures.functions import Functions
from engine.settings import read


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Wrap *command*, so that it prints expected errors as sentences and exits with code 2."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except InvalidProcedure as invalid:
            print_findings(invalid.findings)
            sys.exit(2)
        except (SetupError, InvalidForm, NotFound, StoreAway) as error:
            fail(str(error))
        except Busy:
            fail("Basis data sedang sibuk. Coba lagi sebentar lagi.")
        except AlurError as error:
            fail(f"{type(error).__name__}: {error}")

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="alur")
def main() -> None:
    """Run the office's SOPs from the BPMN diagrams that describe them."""
    if click.get_current_context().invoked_subcommand != "check":  # ``check`` logs nothing
        from engine import logs  # noqa: PLC0415 - would double the time that ``check`` takes to load

        logs.configure()


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@told
def check(path: Path) -> None:
    """Check the procedure in PATH (its folder processes/<id>, or its diagram), and print all faults."""
    settings, path = read(), path.resolve()
    folder, name = (path, path.name) if path.is_dir() else (path.parent, path.stem)
    if folder.name == name:
        files = checking.read_folder(folder.parent, settings.forms, name)
    else:  # a diagram outside of a procedure's folder
        files = {f"processes/{name}/{name}.bpmn": path.read_bytes()}
    findings = checking.check(name, files, Functions(settings.data / "functions"), at_console=True)
    print_findings(findings)
    if any(finding.severity == "error" for finding in findings):
        sys.exit(2)
    print_findings(checking.unheard(name, files, folder.parent if folder.name == name else folder))
    click.echo(f"{name}: {len(files)} berkas, tidak ada kesalahan.")


def print_findings(findings: tuple[Finding, ...]) -> None:
    """Print each finding with its place, and how to mend it."""
    for finding in findings:
        where = ":".join(str(part) for part in (finding.file, finding.line) if part)
        named = " ".join(part for part in (finding.element_id, f"“{finding.name}”" if finding.name else None) if part)
        kind = "SALAH" if finding.severity == "error" else "peringatan"
        click.echo(f"{kind}  {where}  {named}\n       {finding.message}\n       Perbaikan: {finding.mend}", err=True)


def fail(text: str) -> None:
    """Print *text* and exit with code 2."""
    click.echo(text, err=True)
    sys.exit(2)
