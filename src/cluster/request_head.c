/*
 * cluster/request_head.c
 *	  What stands in front of a request's payload.
 *
 * Submitter thread only.
 * Owns: nothing.
 * Invariants: reads no further than the payload, whatever lengths are in it.
 *
 * The backend encodes only the parameter tail: values and what follows them, which
 * is the same in v4 and v5. Ids, metadata ids and the width of the flags belong to a
 * node and a connection, which the backend cannot know when it encodes. So the head
 * is written when the request is sent, and again when it is sent elsewhere.
 */
#include "cluster/request_head.h"

#include "cql/request.h"

/* Without a metadata id, nothing would tell that the metadata left out has changed since. */
static uint8_t
flags_for(const ClusterRequest *r, bool has_metadata_id)
{
	return has_metadata_id ? r->flags : r->flags & ~CQL_PARAM_SKIP_METADATA;
}

/* The rows, each behind the statement's id: they are copied twice, but small. Moves *payload behind them. */
static void
put_batch(CqlBuffer *head, const ClusterRequest *r, uint8_t version, const ClusterPrepared *p, CqlReader *payload)
{
	uint16_t	rows = cql_get_u16(payload);

	cql_request_batch_begin(head, CQL_BATCH_UNLOGGED, rows);
	for (uint16_t i = 0; i < rows && !payload->failed; i++)
	{
		CqlBytes	row = cql_get_bytes(payload);

		if (row.len < 0)
			payload->failed = true;
		else
			cql_request_batch_row(head, p->id, row);
	}
	cql_request_batch_end(head, version, r->consistency, r->flags);
}

bool
cluster_request_head_put(CqlBuffer *head, const ClusterRequest *r, const NetConnection *c,
						 const ClusterPrepared *p, CqlBytes *tail)
{
	uint8_t		version = net_connection_version(c);
	bool		has_metadata_id = net_connection_has_metadata_id(c);
	uint8_t		flags = flags_for(r, has_metadata_id);
	CqlReader	reader = cql_reader(r->payload, r->length);
	CqlString	text;

	cql_buffer_reset(head);
	if (r->kind == CLUSTER_EXECUTE)
		cql_request_execute_head(head, version, p->id,
								 has_metadata_id ? &p->statement->metadata_id : NULL, r->consistency, flags);
	else if (r->kind == CLUSTER_BATCH)
		put_batch(head, r, version, p, &reader);
	else if (r->kind == CLUSTER_PREPARE)
	{
		cql_request_prepare(head, version, (const char *) r->payload, r->length);
		reader.at = reader.end;
	}
	else
	{
		text = cql_get_long_string(&reader);
		if (reader.failed)
			return false;
		cql_request_query_head(head, version, text.data, text.len, r->consistency, flags);
	}
	if (reader.failed)
		return false;			/* a batch that ends within a row */
	*tail = (CqlBytes) {reader.at, (int32_t) cql_reader_left(&reader)};
	return true;
}
