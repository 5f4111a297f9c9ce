/*
 * Answers about a topology, as a node would send them: RESULT messages from
 * [int kind] on.
 */
#ifndef ROWS_INC_H
#define ROWS_INC_H

#include "cql/buffer.h"
#include "cql/response.h"
#include "cql/type.h"

#include <stdio.h>

typedef struct RowNode
{
	uint8_t		id;				/* all 16 bytes of its host id */
	const char *dc;
	const char *rack;
	const int64_t *token;
	uint32_t	ntokens;
	uint8_t		address[4];		/* native_address or rpc_address */
	uint8_t		peer[4];
	uint16_t	port;
} RowNode;

static inline void
rows_begin(CqlBuffer *b, const char *const *names, const uint16_t *types, uint32_t n)
{
	cql_put_u32(b, CQL_RESULT_ROWS);
	cql_put_u32(b, CQL_METADATA_GLOBAL);
	cql_put_u32(b, n);
	cql_put_string(b, "system");
	cql_put_string(b, "rows");
	for (uint32_t i = 0; i < n; i++)
	{
		cql_put_string(b, names[i]);
		cql_put_u16(b, types[i]);
		if (types[i] == CQL_TYPE_SET)
			cql_put_u16(b, CQL_TYPE_TEXT);
		else if (types[i] == CQL_TYPE_MAP)
		{
			cql_put_u16(b, CQL_TYPE_TEXT);
			cql_put_u16(b, CQL_TYPE_TEXT);
		}
	}
}

static inline void
rows_put_text(CqlBuffer *b, const char *text)
{
	cql_put_bytes(b, text, text ? (int32_t) strlen(text) : -1);
}

static inline void
rows_put_node(CqlBuffer *b, const RowNode *node)
{
	uint8_t		id[16];
	size_t		mark;

	memset(id, node->id, sizeof(id));
	cql_put_bytes(b, id, 16);
	rows_put_text(b, node->dc);
	rows_put_text(b, node->rack);
	if (!node->token)
	{
		cql_put_null(b);
		return;
	}
	mark = cql_begin_value(b);
	cql_put_u32(b, node->ntokens);
	for (uint32_t i = 0; i < node->ntokens; i++)
	{
		char		text[32];

		snprintf(text, sizeof(text), "%lld", (long long) node->token[i]);
		rows_put_text(b, text);
	}
	cql_end_value(b, mark);
}

static inline CqlBuffer
rows_local(const RowNode *node)
{
	static const char *const names[] = {"host_id", "data_center", "rack", "tokens"};
	static const uint16_t types[] = {CQL_TYPE_UUID, CQL_TYPE_TEXT, CQL_TYPE_TEXT, CQL_TYPE_SET};
	CqlBuffer	b = {0};

	rows_begin(&b, names, types, 4);
	cql_put_u32(&b, 1);
	rows_put_node(&b, node);
	return b;
}

/* address[0] 255 writes a null address. */
static inline CqlBuffer
rows_peers(const RowNode *node, uint32_t n, bool v2)
{
	static const char *const v1_names[] = {"host_id", "data_center", "rack", "tokens", "rpc_address", "peer"};
	static const char *const v2_names[] = {"host_id", "data_center", "rack", "tokens", "native_address",
	"native_port"};
	static const uint16_t v1_types[] = {CQL_TYPE_UUID, CQL_TYPE_TEXT, CQL_TYPE_TEXT, CQL_TYPE_SET,
	CQL_TYPE_INET, CQL_TYPE_INET};
	static const uint16_t v2_types[] = {CQL_TYPE_UUID, CQL_TYPE_TEXT, CQL_TYPE_TEXT, CQL_TYPE_SET,
	CQL_TYPE_INET, CQL_TYPE_INT};
	CqlBuffer	b = {0};

	rows_begin(&b, v2 ? v2_names : v1_names, v2 ? v2_types : v1_types, 6);
	cql_put_u32(&b, n);
	for (uint32_t i = 0; i < n; i++)
	{
		uint8_t		port[4] = {0};

		rows_put_node(&b, &node[i]);
		cql_put_bytes(&b, node[i].address[0] == 255 ? NULL : node[i].address, node[i].address[0] == 255 ? -1 : 4);
		cql_store_u32(port, node[i].port);
		cql_put_bytes(&b, v2 ? port : node[i].peer, 4);
	}
	return b;
}

/* spec: "keyspace" "class" "option" "value" ... NULL, ended by another NULL. */
static inline CqlBuffer
rows_keyspaces(const char *const *spec)
{
	static const char *const names[] = {"keyspace_name", "replication"};
	static const uint16_t types[] = {CQL_TYPE_TEXT, CQL_TYPE_MAP};
	CqlBuffer	b = {0};
	uint32_t	n = 0;
	size_t		nrows;
	size_t		mark;
	size_t		count;

	rows_begin(&b, names, types, 2);
	nrows = b.len;
	cql_put_u32(&b, 0);
	for (; *spec; spec++, n++)
	{
		uint32_t	pairs = 1;

		rows_put_text(&b, *spec++);
		mark = cql_begin_value(&b);
		count = b.len;
		cql_put_u32(&b, 0);
		rows_put_text(&b, "class");
		rows_put_text(&b, *spec++);
		for (; *spec; spec++, pairs++)
		{
			rows_put_text(&b, *spec++);
			rows_put_text(&b, *spec);
		}
		cql_store_u32(b.data + count, pairs);
		cql_end_value(&b, mark);
	}
	cql_store_u32(b.data + nrows, n);
	return b;
}

/* Of system_schema.scylla_keyspaces: one keyspace with tablets, and one that is on the ring. */
static inline CqlBuffer
rows_tablets(const char *keyspace)
{
	static const char *const names[] = {"keyspace_name", "initial_tablets"};
	static const uint16_t types[] = {CQL_TYPE_TEXT, CQL_TYPE_INT};
	CqlBuffer	b = {0};

	rows_begin(&b, names, types, 2);
	cql_put_u32(&b, 2);
	rows_put_text(&b, keyspace);
	cql_put_u32(&b, 4);
	cql_put_u32(&b, 0);
	rows_put_text(&b, "on_the_ring");
	cql_put_null(&b);
	return b;
}

#endif							/* ROWS_INC_H */
