"""Steps that are independent calls of one function: computed as they are asked for, here or elsewhere."""
