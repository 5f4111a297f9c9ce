/*
 * cql/request.c
 *	  Bodies of requests.
 *
 * Thread: any; pure functions over the caller's buffer.
 * Owns: nothing.
 * Invariants: only appends; an impossible argument sets the buffer's failed
 * flag, so one test before sending covers a whole request.
 */
#include "cql/request.h"

#include <strings.h>

static const char *const consistency_names[] = {
	[CQL_ANY] = "ANY",
	[CQL_ONE] = "ONE",
	[CQL_TWO] = "TWO",
	[CQL_THREE] = "THREE",
	[CQL_QUORUM] = "QUORUM",
	[CQL_ALL] = "ALL",
	[CQL_LOCAL_QUORUM] = "LOCAL_QUORUM",
	[CQL_EACH_QUORUM] = "EACH_QUORUM",
	[CQL_SERIAL] = "SERIAL",
	[CQL_LOCAL_SERIAL] = "LOCAL_SERIAL",
	[CQL_LOCAL_ONE] = "LOCAL_ONE",
};

#define N_CONSISTENCY (sizeof(consistency_names) / sizeof(consistency_names[0]))

const char *
cql_consistency_name(uint16_t consistency)
{
	return consistency < N_CONSISTENCY ? consistency_names[consistency] : "unknown";
}

int
cql_consistency_from_name(const char *name)
{
	for (size_t i = 0; i < N_CONSISTENCY; i++)
	{
		if (strcasecmp(name, consistency_names[i]) == 0)
			return (int) i;
	}
	return -1;
}

void
cql_request_startup(CqlBuffer *b, const char *compression,
					const char *driver_name, const char *driver_version)
{
	const char *const pairs[][2] = {
		{"CQL_VERSION", "3.0.0"},
		{"COMPRESSION", compression},
		{"DRIVER_NAME", driver_name},
		{"DRIVER_VERSION", driver_version},
	};
	const size_t npairs = sizeof(pairs) / sizeof(pairs[0]);
	uint16_t	n = 0;

	for (size_t i = 0; i < npairs; i++)
		n += pairs[i][1] != NULL;
	cql_put_u16(b, n);
	for (size_t i = 0; i < npairs; i++)
	{
		if (pairs[i][1])
		{
			cql_put_string(b, pairs[i][0]);
			cql_put_string(b, pairs[i][1]);
		}
	}
}

void
cql_request_plain(CqlBuffer *b, const char *user, const char *password)
{
	size_t		mark = cql_begin_value(b);

	/* authzid stays empty: the server takes the user for it */
	cql_put_u8(b, 0);
	cql_put_raw(b, user, strlen(user));
	cql_put_u8(b, 0);
	cql_put_raw(b, password, strlen(password));
	cql_end_value(b, mark);
}

void
cql_request_register(CqlBuffer *b, const char *const *types, int n)
{
	if (n < 0 || n > UINT16_MAX)
	{
		b->failed = true;
		return;
	}
	cql_put_u16(b, (uint16_t) n);
	for (int i = 0; i < n; i++)
		cql_put_string(b, types[i]);
}

void
cql_request_prepare(CqlBuffer *b, uint8_t version, const char *text, size_t len)
{
	cql_put_long_string(b, text, len);
	if (version >= 5)
		cql_put_u32(b, 0);		/* flags: no keyspace follows */
}

static void
put_consistency_and_flags(CqlBuffer *b, uint8_t version, uint16_t consistency, uint8_t flags)
{
	cql_put_u16(b, consistency);
	if (version >= 5)
		cql_put_u32(b, flags);
	else
		cql_put_u8(b, flags);
}

void
cql_request_query_head(CqlBuffer *b, uint8_t version, const char *text, size_t len,
					   uint16_t consistency, uint8_t flags)
{
	cql_put_long_string(b, text, len);
	put_consistency_and_flags(b, version, consistency, flags);
}

/* An id is at most 65535 bytes, and null is not a thing a [short bytes] can say. */
static void
put_id(CqlBuffer *b, CqlBytes id)
{
	if (id.len < 0 || id.len > UINT16_MAX)
		b->failed = true;
	else
		cql_put_short_bytes(b, id.data, (uint16_t) id.len);
}

void
cql_request_execute_head(CqlBuffer *b, uint8_t version, CqlBytes id,
						 const CqlBytes *metadata_id, uint16_t consistency, uint8_t flags)
{
	put_id(b, id);
	if (metadata_id)
		put_id(b, *metadata_id);
	put_consistency_and_flags(b, version, consistency, flags);
}

void
cql_request_batch_begin(CqlBuffer *b, uint8_t type, uint16_t rows)
{
	cql_put_u8(b, type);
	cql_put_u16(b, rows);
}

void
cql_request_batch_row(CqlBuffer *b, CqlBytes id, CqlBytes values)
{
	cql_put_u8(b, 1);			/* kind: prepared */
	put_id(b, id);
	if (values.len < 0)
		b->failed = true;
	else
		cql_put_raw(b, values.data, (size_t) values.len);
}

void
cql_request_batch_end(CqlBuffer *b, uint8_t version, uint16_t consistency, uint8_t flags)
{
	put_consistency_and_flags(b, version, consistency, flags);
}

void
cql_request_tail(CqlBuffer *b, uint8_t flags, int32_t page_size, CqlBytes paging_state,
				 uint16_t serial, int64_t timestamp)
{
	if (flags & CQL_PARAM_PAGE_SIZE)
		cql_put_u32(b, (uint32_t) page_size);
	if (flags & CQL_PARAM_PAGING_STATE)
		cql_put_bytes(b, paging_state.data, paging_state.len);
	if (flags & CQL_PARAM_SERIAL)
		cql_put_u16(b, serial);
	if (flags & CQL_PARAM_TIMESTAMP)
		cql_put_u64(b, (uint64_t) timestamp);
}
