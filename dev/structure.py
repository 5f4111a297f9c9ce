"""Rules about the shape of the source tree. Prints "RULE<tab>finding" for each place that breaks one; dev/lint reads it.

usage: structure.py
"""
import pathlib
import re

MAX_LINES = 600
MAX_FUNCTION_LINES = 60
MAX_SOURCES = 12  # of a folder of src/fdw
CORE = ("cql", "net", "cluster", "pipeline")
DOOR = "cluster/cluster"

# Modules that may include each other: type_build.h is the private part of type.h.
CIRCLES = [{"cql/type", "cql/type_build"}]

# Names in src/README.md that are not of the code: PostgreSQL's, and a pattern.
NOT_OURS = {"statement_timeout", "scyllaNoun"}

# Sources of the core that tests of others cover: source -> the test.
TESTED_ELSEWHERE = {}


def read_sources():
    return {path: path.read_text() for path in sorted(pathlib.Path("src").glob("**/*.[ch]"))}


def module(path):
    """A source and its header are one: src/cql/frame.c and src/cql/frame.h are cql/frame."""
    return path.relative_to("src").with_suffix("").as_posix()


def include_graph(sources):
    graph = {module(path): set() for path in sources}
    for path, text in sources.items():
        for name in re.findall(r'^#include "([^"]+)\.h"', text, re.M):
            if name in graph and name != module(path):
                graph[module(path)].add(name)
    return graph


def reachable(graph, start):
    seen, todo = set(), [start]
    while todo:
        for name in graph[todo.pop()] - seen:
            seen.add(name)
            todo.append(name)
    return seen


def circles(graph):
    below = {name: reachable(graph, name) for name in graph}
    found = {frozenset(other for other in below[name] if name in below[other]) for name in graph if name in below[name]}
    for circle in sorted(found, key=sorted):
        if circle not in CIRCLES:
            yield "these include each other: %s" % ", ".join(sorted(circle))


def below_the_door(graph):
    for name in sorted(graph):
        if DOOR in graph[name] and name.startswith("cluster/"):
            yield "%s includes %s.h, which stands above it" % (name, DOOR)


def long_files(sources):
    for path, text in sources.items():
        lines = text.count("\n")
        if lines > MAX_LINES:
            yield "%s has %d lines, more than %d" % (path, lines, MAX_LINES)


def long_functions(sources):
    for path, text in sources.items():
        for body in re.finditer(r"^\{\n(.*?)^\}", text, re.M | re.S):
            lines = body.group(1).count("\n")
            if lines > MAX_FUNCTION_LINES:
                first = text.count("\n", 0, body.start()) + 1
                yield "%s:%d: a function of %d lines, more than %d" % (path, first, lines, MAX_FUNCTION_LINES)


def relative_includes(sources):
    """Rules about who includes whom read paths that begin at src."""
    for path, text in sources.items():
        for found in re.finditer(r'^\s*#\s*include\s*"([^"]+)"', text, re.M):
            if (path.parent / found.group(1)).exists():
                yield "%s includes %s, which is no path that begins at src" % (path, found.group(1))


def large_folders():
    for folder in sorted(pathlib.Path("src/fdw").iterdir()):
        if folder.is_dir():
            n = len(list(folder.glob("*.c")))
            if n > MAX_SOURCES:
                yield "%s has %d sources, more than %d" % (folder, n, MAX_SOURCES)


STATIC = re.compile(r"^\t?static\b[^;={(]*?\b(\w+)\s*(?:\[[^\]]*\]\s*)*[;=(]", re.M)


def mixed_case_statics(sources):
    """Only of sources: what is static in a header is for others to call, and named as such."""
    for path, text in sources.items():
        if path.suffix != ".c":
            continue
        for found in STATIC.finditer(text):
            name = found.group(1)
            if re.search(r"[a-z][A-Z]", name):
                yield "%s:%d: static %s is not in snake_case" % (path, text.count("\n", 0, found.start(1)) + 1, name)


def missing_headers(sources):
    for path in sources:
        if path.suffix == ".c" and not path.with_suffix(".h").exists():
            yield "%s has no header of its own" % path


def bare_heads(sources):
    for path, text in sources.items():
        head = text[:text.find("*/")] if text.startswith("/*\n * %s\n" % path.relative_to("src")) else ""
        if not re.search("thread", head, re.I):
            yield "%s does not begin with its name and its thread" % path
        elif path.suffix == ".c" and not re.search(r"\bOwns\b", head):
            yield "the head of %s does not tell what it owns" % path
        elif path.suffix == ".c" and not re.search(r"\bInvariants?:", head):
            yield "the head of %s states no invariant, nor that there are none" % path


def unknown_names(sources):
    """What src/README.md tells of is still called so."""
    others = [pathlib.Path("scylla_fdw.c"), *pathlib.Path("sql").glob("*.sql")]
    known = set(re.findall(r"\w+", " ".join([*sources.values(), *(path.read_text() for path in others)])))
    for name in re.findall(r"`(\w+(?:_|[a-z][A-Z])\w+)`", pathlib.Path("src/README.md").read_text()):
        if name not in known | NOT_OURS:
            yield "src/README.md names %s, which is not there" % name


def told_in_tree(text):
    """The sources that the tree in src/README.md has a line for, or names within one."""
    tree = text[text.index("## The tree"):text.index("Tests and measurements:")]
    folder = None
    for line in tree.splitlines():
        layer, subfolder, name = re.match(r"(?:src/(\w+)/ |  (\w+)/ | +(\w+)(?:\.h)? )?", line).groups()
        if layer or subfolder:
            folder = layer or "fdw/" + subfolder
        elif name and folder:
            yield "fdw/" + name if line.startswith("  " + name + ".h") else folder + "/" + name
            yield from ("%s/%s" % (folder, other) for other in re.findall(r"\((\w+)\.h is ", line))


def tree_differs(sources):
    told = set(told_in_tree(pathlib.Path("src/README.md").read_text()))
    there = {module(path) for path in sources}
    for name in sorted(told - there):
        yield "the tree in src/README.md has %s, which is not there" % name
    for name in sorted(there - told):
        yield "the tree in src/README.md does not have %s" % name


def missing_tests(sources):
    for path in sources:
        layer = path.parts[1]
        if path.suffix != ".c" or layer not in CORE:
            continue
        test = TESTED_ELSEWHERE.get(module(path), "%s/%s_test" % (layer, path.stem))
        if not pathlib.Path("test/unit", test + ".c").exists():
            yield "%s has no test/unit/%s.c" % (path, test)
    for name in TESTED_ELSEWHERE:
        if not pathlib.Path("src", name + ".c").exists():
            yield "dev/structure.py names src/%s.c, which is not there" % name


def main():
    sources = read_sources()
    graph = include_graph(sources)
    rules = {"circles": circles(graph), "door": below_the_door(graph), "lines": long_files(sources),
             "folders": large_folders(), "statics": mixed_case_statics(sources), "headers": missing_headers(sources),
             "heads": bare_heads(sources), "names": unknown_names(sources), "tests": missing_tests(sources),
             "functions": long_functions(sources), "includes": relative_includes(sources), "tree": tree_differs(sources)}
    for rule, findings in rules.items():
        for finding in findings:
            print("%s\t%s" % (rule, finding))


main()
