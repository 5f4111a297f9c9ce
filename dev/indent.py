"""Formats C files as PostgreSQL's pgindent does, or names those that are not formatted so.

usage: indent.py TOOLS check|format FILE...

TOOLS is the directory with pg_bsd_indent and PostgreSQL's list of types, see setup. The differences from pgindent:
comments may reach column 120, block comments are left alone, and so are blank lines in front of comments; initializers
keep their form, as pg_bsd_indent takes the braces of a compound literal for a block.
"""
import concurrent.futures
import glob
import os
import pathlib
import re
import subprocess
import sys
import tempfile

OPTIONS = ("-nbad -bap -nbbb -nbc -bl -cli1 -cp33 -cdb -nce -d0 -di12 -nfc1 -nfcb -i4 -l120 -lp -lpl "
           "-nip -npro -sac -tpg -ts4").split()

# What defines a type in our sources, and names that are one by their form: uint8_t, uv_loop_t.
TYPES = [re.compile(pattern, re.M | re.S) for pattern in (
    r"^typedef\s+(?:struct|enum|union)\s+\w+\s+(\w+);",
    r"^typedef\s+(?:struct|enum|union)\b[^{};]*\{.*?^\}\s*(\w+);",
    r"^typedef\b[^;{(]*?\b(\w+)\s*;",
    r"^typedef\b[^;{]*?\(\*?\s*(\w+)\)\s*\(",
    r"\b(\w+_t)\b")]
# Types of PostgreSQL whose names are those of variables too: most of the list is pgindent's.
NOT_TYPES = set("""ANY FD_SET U abs allocfunc boolean date digit ilist interval iterator other pointer printfunc
    reference string text timestamp type wrap""".split())
OPENSSL_TYPES = set("""ASN1_INTEGER ASN1_STRING ASN1_TIME BIO BIO_METHOD EVP_MD EVP_PKEY EVP_PKEY_CTX GENERAL_NAME GENERAL_NAMES
    SSL SSL_CIPHER SSL_CTX SSL_SESSION X509 X509V3_CTX X509_CRL X509_EXTENSION X509_NAME X509_NAME_ENTRY X509_STORE
    X509_STORE_CTX X509_VERIFY_PARAM""".split())

BRACKET = re.compile(r"[(){}]")
COMPOUND = re.compile(r"\([A-Za-z_][\w ]*(?:\[\w*\])?\s*\**\) (\{)")
INITIALIZER = re.compile(r"^(\t*)\S.*(?: = (?=\{\.)|\(\w+\) (?=\{\n))(\{)", re.M)


def own_types():
    names = {"bool"} | OPENSSL_TYPES
    for folder in ("src", "test", "bench"):
        for path in pathlib.Path(folder).glob("**/*.[ch]"):
            text = path.read_text()
            for pattern in TYPES:
                names.update(pattern.findall(text))
    return names


def matching(text, start):
    depth = 0
    for found in BRACKET.finditer(text, start):
        depth += 1 if found.group() in "({" else -1
        if depth == 0:
            return found.start()
    raise ValueError("unbalanced brackets")


def hide_compounds(text):
    """Braces of compound literals become parentheses. Returns the text, and the ordinals of those among all brackets."""
    places = set()
    for found in COMPOUND.finditer(text):
        start = found.start(1)
        places.update(at for at in range(start, matching(text, start) + 1) if text[at] in "{}")
    chars, ordinals = list(text), set()
    for ordinal, found in enumerate(BRACKET.finditer(text)):
        if found.start() in places:
            chars[found.start()] = "(" if found.group() == "{" else ")"
            ordinals.add(ordinal)
    return "".join(chars), ordinals


def show_compounds(text, ordinals):
    chars = list(text)
    for ordinal, found in enumerate(BRACKET.finditer(text)):
        if ordinal in ordinals:
            chars[found.start()] = "{" if found.group() == "(" else "}"
    return "".join(chars)


def indent_initializers(text):
    """Lines within {.a = b, ...} by their depth: pg_bsd_indent puts the last one less far in than the others."""
    for found in reversed(list(INITIALIZER.finditer(text))):
        start, end = found.start(2), matching(text, found.start(2))
        lines, depth = [], 0
        for line in text[start:end + 1].split("\n"):
            if lines:
                line = line.lstrip("\t ")
                line = found.group(1) + "\t" * (depth - line.startswith("}")) + line
            lines.append(line)
            depth += line.count("{") - line.count("}")
        text = text[:start] + "\n".join(lines) + text[end + 1:]
    return text


def before(text):
    return re.sub(r"= \((\w+)\)\n\s*\{", r"= (\1) {", text)


def after(text):
    for pattern, new in (
            (r"^([A-Za-z_]\S*)[ \t]+\*", r"\1 *"),          # functions that return a pointer
            (r"^(\t+)\* (?=\w)", r"\1*"),                   # *a = b under a foreach, taken for a product
            (r"\btext \* (?=\w)", "text *"),
            (r",(?=\.[\w.]+ =|\[\w+\] =)", ", "),           # {.a = b,.c = d}
            (r"=( |\n)\{?\n\n(?=\t\w|\{)", lambda m: m.group().replace("\n\n", "\n")),
            (r"^\t+(?=__attribute__|_Alignas)", "\t")):
        text = re.sub(pattern, new, text, flags=re.M)
    return indent_initializers(text)


def run_indent(tools, types, text):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "source.c")
        source.write_text(text)
        # With the loader and the C library that it was linked for, which the machine's may be older than.
        command = [*glob.glob(tools + "/ld-*"), "--library-path", tools, tools + "/pg_bsd_indent"]
        result = subprocess.run([*command, *OPTIONS, "-U" + types, source.name], cwd=folder, capture_output=True, text=True)
        if result.returncode or result.stdout or result.stderr:
            raise ValueError((result.stdout + result.stderr).strip() or "pg_bsd_indent failed")
        return source.read_text()


def formatted(tools, types, text):
    hidden, ordinals = hide_compounds(before(text))
    return after(show_compounds(run_indent(tools, types, hidden), ordinals))


def uses_server(name, text):
    return '#include "postgres.h"' in text or "src/fdw/" in name


def main(tools, action, *names):
    failed = False
    own = own_types()
    servers = set(pathlib.Path(tools, "typedefs.list").read_text().split()) - NOT_TYPES
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        lists = {False: os.path.join(folder, "core"), True: os.path.join(folder, "fdw")}
        pathlib.Path(lists[False]).write_text("\n".join(sorted(own)) + "\n")
        pathlib.Path(lists[True]).write_text("\n".join(sorted(own | servers)) + "\n")

        def work(name):
            old = pathlib.Path(name).read_text()
            try:
                return name, old, formatted(tools, lists[uses_server(name, old)], old), None
            except ValueError as error:
                return name, old, old, error

        for name, old, new, error in pool.map(work, names):
            if error:
                print("%s: %s" % (name, error), file=sys.stderr)
                failed = True
            elif new != old and action == "check":
                print("%s: not as dev/format leaves it" % name, file=sys.stderr)
                failed = True
            elif new != old:
                pathlib.Path(name).write_text(new)
    sys.exit(failed)


main(*sys.argv[1:])
