"""What is measured. A workload is one file in bench/workloads with a WORKLOAD in it.

Every client gets the same columns and makes its own rows from their types; scylla_fdw reads its rows
from SQL, as its users do.
"""
import re

from harness.sql import ask


def sql_type(cql):
    vector = re.fullmatch(r"vector<float, (\d+)>", cql)
    if vector:
        return "vector(%s)" % vector.group(1)
    return {"int": "int", "bigint": "bigint", "text": "text", "double": "double precision",
            "timestamp": "timestamptz"}[cql]


def sql_value(cql):
    """An expression over the row's number i; those of vectors come from table pool, one in 64."""
    if cql.startswith("vector"):
        return "(pool.e)"
    return {"int": "i::int", "bigint": "i", "text": "md5(i::text)", "double": "sqrt(i)",
            "timestamp": "timestamptz '2024-01-01 00:00:00Z' + i * interval '1.001 s'"}[cql]


class Workload:
    """One statement, done by each client to one table.

    name      of the file, the tables and in options
    title     for the table of results
    columns   [(name, CQL type)]
    key       of the table; None: the first column
    rows      {client: rows of one run}; a client that is not there does not take part
    op        what client programs are asked to do, their first argument
    targets   names of those that take part
    latencies of the null node it is measured at, in ms; None: those of the command
    repeats   None: those of the command
    options   of scylla_fdw's foreign table, more than keyspace and table
    most_memory  MiB over idle that scylla_fdw must stay below; None: any
    plan      what EXPLAIN of scylla_fdw's statement must say; None: anything
    gain      (name of a workload, factor, ms): scylla_fdw must be so many times as fast as in that one, with this
              latency of the null node
    """
    op = None
    targets = ("null", "cassandra")
    latencies = repeats = most_memory = plan = gain = key = None
    options = ""

    def __init__(self, name, title, columns, rows, **settings):
        self.name, self.title, self.columns, self.rows = name, title, columns, rows
        self.__dict__.update(settings)
        self.key = self.key or columns[0][0]

    @property
    def table(self):
        return "bench." + self.name

    def definition(self):
        """The table for CREATE TABLE, and for the null node."""
        columns = ", ".join("%s %s" % c for c in self.columns)
        return "%s (%s, PRIMARY KEY (%s))" % (self.table, columns, self.key)

    def sql_columns(self):
        return ", ".join("%s %s" % (name, sql_type(cql)) for name, cql in self.columns)

    def make_source(self, rows):
        """SQL run once, before all runs, in the server that scylla_fdw runs in."""
        return ""

    def prepare(self, target, rows):
        """Before each run, while no client is there."""

    def before(self, target):
        """Before each run, when the client is ready."""

    def statement(self, rows, foreign_table):
        """SQL that scylla_fdw is measured by."""
        raise NotImplementedError

    def warm_up(self, foreign_table):
        """SQL that has scylla_fdw connect and do one row."""
        return self.statement(1, foreign_table)

    def answer(self, rows):
        """The line that it prints; None: no line."""
        return None

    def check(self, target, rows):
        """After each run; raises if the target did not get what the client says it sent."""


class Insert(Workload):
    """INSERT INTO foreign table SELECT from a local one. make: SQL to select `rows` rows from instead."""
    op = "insert"
    make = None
    storage = None              # of the source's columns, for ALTER TABLE: [(column, PLAIN ...)]

    def make_source(self, rows):
        if self.make:
            return ""
        values = ", ".join(sql_value(cql) for _, cql in self.columns)
        pool = ""
        for _, cql in self.columns:
            if cql.startswith("vector"):
                pool = ("JOIN (SELECT k, (SELECT array_agg(random()::real) FROM generate_series(1, %s) WHERE k = k)"
                        "::%s AS e FROM generate_series(0, 63) AS k) AS pool ON pool.k = i %% 64"
                        % (re.search(r"\d+", cql).group(), sql_type(cql)))
        storage = "".join("ALTER TABLE %s_source ALTER %s SET STORAGE %s;" % (self.name, column, kind)
                          for column, kind in self.storage or ())
        return ("CREATE UNLOGGED TABLE {name}_source ({columns}); {storage}"
                "INSERT INTO {name}_source SELECT {values} FROM generate_series(1::bigint, {rows}) AS i {pool};"
                "VACUUM ANALYZE {name}_source;"
                .format(name=self.name, columns=self.sql_columns(), storage=storage, values=values, rows=rows,
                        pool=pool))

    def before(self, target):
        target.empty(self)

    def statement(self, rows, foreign_table):
        source = self.make.format(rows=rows) if self.make else "SELECT * FROM %s_source LIMIT %d" % (self.name, rows)
        return "INSERT INTO %s %s" % (foreign_table, source)

    def check(self, target, rows):
        found = target.count(self)
        if found != rows:
            raise RuntimeError("%s: %d rows were sent, %d arrived" % (self.name, rows, found))


class Loop(Insert):
    """The same rows, each by a statement of its own, in one transaction."""

    def statement(self, rows, foreign_table):
        return ("BEGIN; SET LOCAL scylla_fdw.flush_at = 'transaction'; DO $$ DECLARE r record; BEGIN"
                " FOR r IN SELECT * FROM {name}_source LIMIT {rows} LOOP INSERT INTO {foreign} VALUES ({values}); END LOOP;"
                " END $$; COMMIT").format(name=self.name, rows=rows, foreign=foreign_table,
                                          values=", ".join("r." + name for name, _ in self.columns))


class Read(Workload):
    """A table of `rows` rows with the keys from 0 is read, every column of it and every row once.

    table_rows  rows that the table has at least; keys are the lowest of them
    op        scan: the whole table; sums: the same, added up by PostgreSQL; lookup: key by key, one after the
              other; join: all keys of a local table
    """
    STATEMENTS = {
        # all rows come to the executor, which throws them away; check() adds up what they are
        "scan": "SELECT {columns} FROM {foreign} AS f OFFSET {rows}",
        "sums": "SELECT {seen} FROM {foreign} AS f WHERE {decoded}",
        "join": "SELECT {seen} FROM {name}_keys AS k JOIN {foreign} AS f ON f.{key} = k.key WHERE k.key < {rows} AND {decoded}",
        # PL/pgSQL keeps the plan, as a prepared statement does, and spares the round trips to psql
        "lookup": "DO $$ DECLARE k bigint; total bigint := 0; row record; BEGIN"
                  " FOR k IN SELECT key FROM {name}_keys WHERE key < {rows} LOOP"
                  " SELECT {columns} INTO row FROM {foreign} AS f WHERE f.{key} = k; total := total + row.{key};"
                  " END LOOP; IF total <> {sum} THEN RAISE 'not every row was read once'; END IF; END $$"}

    table_rows = 0

    def __init__(self, op, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.op = op

    def make_source(self, rows):
        """All keys, in an order that is not the table's; 7919 is a prime number."""
        if self.op in ("scan", "sums"):
            return ""
        return ("CREATE UNLOGGED TABLE {name}_keys AS SELECT i * 7919 % {rows} AS key"
                " FROM generate_series(0::bigint, {rows} - 1) AS i; VACUUM ANALYZE {name}_keys;".format(name=self.name, rows=rows))

    def prepare(self, target, rows):
        target.fill(self, max(rows, self.table_rows))

    def fill(self, foreign_table, rows):
        """SQL that makes the table."""
        return "INSERT INTO %s SELECT %s FROM generate_series(0::bigint, %d) AS i" % (
            foreign_table, ", ".join(sql_value(cql) for _, cql in self.columns), rows - 1)

    def literals(self):
        """The row that the null node repeats."""
        return ", ".join("'a text of thirty-two characters.'" if cql == "text" else "1" for _, cql in self.columns)

    def statement(self, rows, foreign_table):
        return self.deparse(self.op, rows, foreign_table)

    def deparse(self, op, rows, foreign_table):
        """PostgreSQL evaluates octet_length() and IS NOT NULL, so all values come over the network and are decoded."""
        seen = ["count(*)", "sum(f.%s)" % self.key]
        seen += ["sum(octet_length(f.%s))" % name for name, cql in self.columns if cql == "text"]
        decoded = ["f.%s IS NOT NULL" % name for name, cql in self.columns[1:] if cql != "text"]
        return self.STATEMENTS[op].format(
            seen=", ".join(seen), decoded=" AND ".join(decoded), foreign=foreign_table, name=self.name, rows=rows, key=self.key,
            sum=rows * (rows - 1) // 2, columns=", ".join("f." + name for name, _ in self.columns))

    def warm_up(self, foreign_table):
        """Prepares what the clients prepare. A session is one process: others that would take part in a scan are not counted."""
        columns = ", ".join(name for name, _ in self.columns)
        if self.op in ("scan", "sums"):
            first = "BEGIN; DECLARE first CURSOR FOR SELECT %s FROM %s; FETCH first; COMMIT" % (columns, foreign_table)
        else:
            first = "SELECT %s FROM %s WHERE %s = 0" % (columns, foreign_table, self.key)
        return "SET max_parallel_workers_per_gather = 0; " + first

    def answer(self, rows):
        return None if self.op in ("scan", "lookup") else self.seen(rows)

    def seen(self, rows):
        return "|".join([str(rows), str(rows * (rows - 1) // 2)] +
                        [str(32 * rows) for _, cql in self.columns if cql == "text"])

    def check(self, target, rows):
        """Each row was read once, and is what it should be."""
        if self.op == "scan" and ask(self.deparse("sums", rows, "%s_%s" % (self.name, target.name))) != self.seen(rows):
            raise RuntimeError("%s: not every row was read once" % self.name)


class Update(Read):
    """One column of all rows is changed: they are read, and written one by one. For the null node."""

    def __init__(self, *arguments, **settings):
        super().__init__("update", *arguments, targets=("null",), **settings)

    def make_source(self, rows):
        return ""

    def before(self, target):
        target.empty(self)

    def statement(self, rows, foreign_table):
        return "UPDATE %s SET n = n + 1" % foreign_table

    def answer(self, rows):
        return None

    check = Insert.check
