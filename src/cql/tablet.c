/*
 * cql/tablet.c
 *	  The custom payload by which ScyllaDB tells where the tablet of a row is.
 *
 * Pure; any thread. Owns nothing.
 * Invariant: a tablet that was found has a replica, and a token.
 */
#include "cql/tablet.h"

#define PAYLOAD_KEY "tablets-routing-v1"

static CqlReader
value_reader(CqlReader *r)
{
	CqlBytes	value = cql_get_bytes(r);

	r->failed |= value.len < 0;
	return cql_reader(value.data, value.len > 0 ? (size_t) value.len : 0);
}

/* A [bytes] of a value of so many bytes; NULL: it is not. */
static const uint8_t *
fixed(CqlReader *r, int32_t size)
{
	CqlBytes	value = cql_get_bytes(r);

	r->failed |= value.len != size;
	return r->failed ? NULL : value.data;
}

static bool
take_replica(CqlReader *list, CqlTabletReplica *replica)
{
	CqlReader	tuple = value_reader(list);
	const uint8_t *host_id = fixed(&tuple, 16);
	const uint8_t *shard = fixed(&tuple, 4);

	if (list->failed || !host_id || !shard || cql_load_u32(shard) > INT32_MAX)
		return false;
	memcpy(replica->host_id, host_id, 16);
	replica->shard = cql_load_u32(shard);
	return true;
}

bool
cql_tablet_replicas(CqlReader list, CqlTablet *tablet)
{
	uint32_t	n = cql_get_u32(&list);

	if (list.failed || n == 0 || n > CQL_TABLET_REPLICAS)
		return false;
	tablet->nreplicas = n;
	for (uint32_t i = 0; i < n; i++)
	{
		if (!take_replica(&list, &tablet->replica[i]))
			return false;
	}
	return true;
}

static bool
take_tablet(CqlReader r, CqlTablet *tablet)
{
	const uint8_t *first = fixed(&r, 8);
	const uint8_t *last = fixed(&r, 8);
	CqlReader	list = value_reader(&r);

	if (r.failed || !first || !last || !cql_tablet_replicas(list, tablet))
		return false;
	tablet->first = (int64_t) cql_load_u64(first);
	tablet->last = (int64_t) cql_load_u64(last);
	return tablet->last > tablet->first;
}

CqlTabletFound
cql_tablet_of(const CqlPrefix *prefix, CqlTablet *tablet)
{
	CqlReader	r = prefix->payload;

	for (uint16_t i = 0; i < prefix->npayload; i++)
	{
		CqlString	key = cql_get_string(&r);
		CqlBytes	value = cql_get_bytes(&r);

		if (r.failed || !cql_string_equal(key, PAYLOAD_KEY))
			continue;
		return value.len > 0 && take_tablet(cql_reader(value.data, (size_t) value.len), tablet) ?
			CQL_TABLET_FOUND : CQL_TABLET_BROKEN;
	}
	return CQL_TABLET_NONE;
}
