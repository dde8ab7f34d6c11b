"""Ways to take all the steps of a call."""


def steps_of(call, steps=None):
    """Take all steps of a call, put them into a list, and give its result; raises what it raises."""
    while True:
        try:
            step = call.step()
        except StopIteration as end:
            if not is_raised(end):
                return end.value
            raise
        if steps is not None:
            steps.append(step)


def is_raised(stop):
    """Whether a `StopIteration` was raised by the call's own code, rather than by `step` at its end."""
    traceback = stop.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return not traceback.tb_frame.f_globals["__name__"].startswith("instep.")


def taken(call):
    """All steps of a call, and its result."""
    steps = []
    return steps, steps_of(call, steps)
