"""What is measured. A workload is one file in bench/workloads with a WORKLOAD in it.

Every client gets the same columns and makes its own rows from their types; scylla_fdw reads its rows
from SQL, as its users do.
"""
import re


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
    columns   [(name, CQL type)], the first one is the key
    rows      {client: rows of one run}; a client that is not there does not take part
    op        what client programs are asked to do, their first argument
    targets   names of those that take part
    latencies of the null node it is measured at, in ms; None: those of the command
    repeats   None: those of the command
    most_memory  MiB over idle that scylla_fdw must stay below; None: any
    """
    op = None
    targets = ("null", "cassandra")
    latencies = repeats = most_memory = None

    def __init__(self, name, title, columns, rows, **settings):
        self.name, self.title, self.columns, self.rows = name, title, columns, rows
        self.__dict__.update(settings)

    @property
    def table(self):
        return "bench." + self.name

    def definition(self):
        """The table for CREATE TABLE, and for the null node."""
        columns = ", ".join("%s %s" % c for c in self.columns)
        return "%s (%s, PRIMARY KEY (%s))" % (self.table, columns, self.columns[0][0])

    def sql_columns(self):
        return ", ".join("%s %s" % (name, sql_type(cql)) for name, cql in self.columns)

    def make_source(self, rows):
        """SQL run once, before all runs, in the server that scylla_fdw runs in."""
        return ""

    def before(self, target):
        """Before each run."""

    def statement(self, rows, foreign_table):
        """SQL that scylla_fdw is measured by."""
        raise NotImplementedError

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
