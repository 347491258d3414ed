"""Options that name local periods, the same at each verb that takes them."""

from typing import Annotated

import typer

Period = Annotated[str, typer.Option(help="Like 2026, 2026-Q2, 2026-05 or 2026-05-31.")]
Until = Annotated[str, typer.Option(help="The last period of several, included.")]
