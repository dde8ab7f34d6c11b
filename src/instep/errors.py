"""The root of instep's own errors; each error lives beside what raises it."""


class InstepError(Exception):
    """Any error of instep's own; misuse of a call is a `TypeError` or a `ValueError`, as everywhere."""
