"""The one exception for mistakes that a user can mend."""


class InputError(ValueError):
    """Input that cannot be used: one line that names the file or key, what was found, what was expected.

    The command line prints the line and exits with code 2, without a traceback.
    """
