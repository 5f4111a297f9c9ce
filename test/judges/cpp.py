"""The C++ driver as a judge, which acsylla wraps: cpp.py HOST PORT TABLE, see README.md."""
import asyncio
import os
import pathlib
import sys

import acsylla

WINDOW = 64


async def execute(session, prepared, ids):
    for i in ids:
        statement = prepared.bind()
        statement.bind_list([i])
        await session.execute(statement)


async def main(host, port, table):
    tls = {"ssl_enabled": True, "ssl_trusted_cert": pathlib.Path(os.environ["CA"]).read_text()} if "CA" in os.environ else {}
    cluster = acsylla.create_cluster([host], port=int(port), **tls)
    session = await cluster.create_session()
    statements = {"write": await session.create_prepared("INSERT INTO %s (s, id) VALUES ('x', ?)" % table),
                  "lwt": await session.create_prepared("INSERT INTO %s (s, id) VALUES ('x', ?) IF NOT EXISTS" % table),
                  "read": await session.create_prepared("SELECT s FROM %s WHERE id = ?" % table)}
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, rows = line.split()
        ids = iter(range(int(rows)))
        await asyncio.gather(*(execute(session, statements[verb], ids) for _ in range(WINDOW)))
        print("done", flush=True)
    await session.close()


asyncio.run(main(*sys.argv[1:]))
