"""The command line: one module a command. Nothing outside of it imports click."""
