"""scylla_fdw, judged by what it was held to: fdw.py HOST PORT TABLE, see README.md. libpq's environment names the server."""
import os
import subprocess
import sys

OPTIONS = ", sslmode 'verify-ca', sslrootcert '%s'" % os.environ["CA"] if os.environ.get("CA") else ""
SETUP = """
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS scylla_fdw;
CREATE SERVER {server} FOREIGN DATA WRAPPER scylla_fdw OPTIONS (host '{host}', port '{port}'{options});
CREATE USER MAPPING FOR CURRENT_USER SERVER {server};
CREATE FOREIGN TABLE {server} (id bigint, s text) SERVER {server} OPTIONS (keyspace '{keyspace}', "table" '{table}');
"""
STATEMENTS = {
    "write": "INSERT INTO {server} SELECT g, 'x' FROM generate_series(0, {last}) g;",
    "lwt": "INSERT INTO {server} SELECT g, 'x' FROM generate_series(0, {last}) g ON CONFLICT DO NOTHING;",
    "read": "DO $$ BEGIN FOR i IN 0 .. {last} LOOP PERFORM s FROM {server} WHERE id = i; END LOOP; END $$;"}


def main(host, port, table):
    name = {"server": "judge_%d" % os.getpid(), "host": host, "port": port, "options": OPTIONS}
    name["keyspace"], name["table"] = table.split(".")
    psql = subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(sql):
        psql.stdin.write(sql + "\n\\echo done\n")
        psql.stdin.flush()
        while (line := psql.stdout.readline()) != "done\n":
            if not line:
                sys.exit("psql has ended")

    run(SETUP.format(**name))
    print("ready", flush=True)
    for line in sys.stdin:
        verb, rows = line.split()
        run(STATEMENTS[verb].format(last=int(rows) - 1, **name))
        print("done", flush=True)


main(*sys.argv[1:])
