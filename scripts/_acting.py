"""One act of one contract, as most commands that write are."""

from typing import Any

from scripts._shared import session


def act(
    contract: str, function: str, says: str, *arguments: Any, numbered: str = "", first: Any = ()
) -> Any:
    """Sign and send one call, after those that come `first`, and tell what was done.

    `numbered` names the event argument that a person needs next, like `incident_id`.
    """
    from scripts._writing import Act, perform

    here = session()
    call = getattr(here.contract(contract).functions, function)(*arguments)
    done = perform(here, [*first, Act(contract, call, says)])
    found = [event.args[numbered] for event in done.events if numbered in event.args]
    if found:
        here.say(f"{numbered.removesuffix('_id').replace('_', ' ')} {found[0]}")
    return here.tell(done.as_json(), lambda: [])


def act_on(contract: str, number: str, function: str, says: str, *arguments: Any) -> Any:
    """The same, where the first argument is the permit of that number."""
    from scripts._permits import permit_by_number

    permit_id, _ = permit_by_number(session(), number)
    return act(contract, function, says, permit_id, *arguments)
