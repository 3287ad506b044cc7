"""The recipe that a rule hands to its job."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mpipipe.errors import InputError
from mpipipe.storage.limits import one_line

Recipe = TypeVar("Recipe", bound=BaseModel)


def parse_recipe(kind: type[Recipe], text: str) -> Recipe:
    """Return the recipe in a JSON text.

    Parameters
    ----------
    kind : type
        Recipe of the job.
    text : str
        JSON text, as the plan writes it.

    Raises
    ------
    InputError
        When it is not JSON, or a field is missing, unknown or out of range.
    """
    try:
        return kind.model_validate_json(text)
    except (ValidationError, UnicodeEncodeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = one_line(".".join(map(str, first["loc"]))) or "the text"
        raise InputError(
            f"recipe: {where}: found {one_line(first['msg']).lower()}, expected the recipe that the plan gives"
        ) from None
