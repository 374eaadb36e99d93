"""Commands that need the repository: a wheel has neither them nor what they install."""

import typer

__all__ = ["KernelError", "kernels"]

try:
    from hepml.cli._kernels import app as kernels
    from hepml.kernels import KernelError
except ModuleNotFoundError as error:
    if error.name not in {"hepml.cli._kernels", "hepml.kernels"}:
        raise

    class KernelError(Exception):
        """No kernel can be installed."""

    kernels = typer.Typer(
        invoke_without_command=True,
        help="Jupyter kernels with an environment of their own: from a clone only.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )

    @kernels.callback()
    def _elsewhere():
        raise KernelError(
            "kernels are installed from the repository, which holds the list of packages: clone "
            "it, run 'make install' there and use its .venv/bin/hepml"
        )
