"""What is named on the command line: one form of each, as the helps show it."""

from typing import Annotated

import typer

Application = Annotated[int, typer.Argument(help="Number of the application.")]
PermitNumber = Annotated[str, typer.Argument(help="Number of the permit: C990100S2026-0001.")]
Transfer = Annotated[int, typer.Argument(help="Number of the transfer.")]
Reason = Annotated[str, typer.Argument(help="Why, in words.")]
Contract = Annotated[str, typer.Argument(help="Contract that the lane is of: QuotaTracker.")]
Lane = Annotated[int, typer.Argument(help="Number of the lane, from 1.", min=1)]
Account = Annotated[str, typer.Argument(help="Alias of a keystore here, or an address.")]
Bill = Annotated[int, typer.Argument(help="Number of the bill.")]
Proposal = Annotated[int, typer.Argument(help="Number of the proposal.")]
Urgent = Annotated[int, typer.Argument(help="Number of the urgent act.")]
Decision = Annotated[int, typer.Argument(help="Number of the decision.")]
Device = Annotated[str, typer.Argument(help="Code of the device: OUT-1-METER.")]
DeviceOrFile = Annotated[
    str | None, typer.Argument(help="Code of the device: OUT-1-METER; none with a file.")
]
ParameterOrFile = Annotated[
    str, typer.Argument(help="volume, or a key of a limit table: cod; none with a file.")
]
Parameter = Annotated[str, typer.Argument(help="volume, or a key of a limit table: cod.")]
Incident = Annotated[int, typer.Argument(help="Number of the incident.")]
Order = Annotated[int, typer.Argument(help="Number of the order.")]
OrganisationName = Annotated[str, typer.Argument(help="Name of the organisation, as registered.")]
CreditCode = Annotated[
    str, typer.Argument(help="Unified social credit code: 18 characters, GB 32100.")
]
CreditCodes = Annotated[list[str], typer.Argument(help="Unified social credit codes.")]
Station = Annotated[str, typer.Argument(help="Code of the station: INT-1.")]
StationOrFile = Annotated[
    str | None, typer.Argument(help="Code of the station: INT-1; none with a file.")
]
