/*
 * fdw/admin/nodes.c
 *	  The nodes of a cluster as this session sees them.
 *
 * Backend thread. Owns nothing. Invariant: the right to use the server is checked
 * before a client is opened.
 */
#include "postgres.h"

#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "fdw/admin/nodes.h"
#include "fdw/catalog/ring.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/resolve.h"

static Datum
text_datum(const char *utf8)
{
	return CStringGetTextDatum(scyllaTellUtf8(utf8));
}

static Datum
optional_datum(const char *utf8)
{
	return utf8 ? text_datum(utf8) : (Datum) 0;
}

/* What cannot be known of a node that nothing is connected to is NULL. */
static void
put_node(ReturnSetInfo *result, const CqlRingNode *node)
{
	Datum		values[] = {
		text_datum(node->name), text_datum(node->dc), text_datum(node->rack),
		BoolGetDatum(node->connections > 0), Int32GetDatum((int32) node->shards),
		Int32GetDatum((int32) node->connections), optional_datum(node->tls), optional_datum(node->cipher)
	};
	bool		nulls[lengthof(values)] = {
		[3] = !node->local, [4] = node->shards == 0, [6] = node->tls == NULL, [7] = node->cipher == NULL
	};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

void
scyllaListNodes(const char *server_name, ReturnSetInfo *result)
{
	ForeignServer *server = GetForeignServerByName(server_name, false);
	ScyllaSession *session;
	const CqlRing *told;

	scyllaCheckServerUsage(server, GetUserId());
	session = scyllaGetSession(GetUserId(), server->serverid);
	told = scyllaAskNodes(session, scyllaServerOptions(server));
	for (uint16 i = 0; i < told->nnodes; i++)
		put_node(result, &told->node[i]);
}
