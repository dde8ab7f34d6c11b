"""A function as its steps, and an eager function as a lazy one."""
