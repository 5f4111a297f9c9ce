"""Statements in the private server."""
import subprocess


def ask(statement):
    """Its rows, columns separated by "|"."""
    return subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=statement, text=True,
                          stdout=subprocess.PIPE, check=True).stdout.rstrip("\n")


def sql(statement):
    ask(statement)
