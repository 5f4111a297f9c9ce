/*
 * cql/request.h
 *	  Bodies of requests. Each function appends one body (no header) to a buffer.
 *
 * Any thread. Source: native_protocol_v4.spec and v5.spec section 4.1.
 *
 * QUERY and EXECUTE share their "parameters". What the backend encodes once and
 * every node can take is the parameter *tail*: everything behind the flags, in
 * the specification's order. Consistency and flags (one byte up to v4, four at
 * v5) and EXECUTE's ids belong to the connection and are written in front of it
 * when the request is sent.
 *
 * BATCH has ids between the values of its rows, and consistency and flags behind
 * them; only what the flags announce is left to its tail.
 */
#ifndef CQL_REQUEST_H
#define CQL_REQUEST_H

#include "cql/buffer.h"

typedef enum CqlConsistency
{
	CQL_ANY = 0, CQL_ONE, CQL_TWO, CQL_THREE, CQL_QUORUM, CQL_ALL, CQL_LOCAL_QUORUM,
	CQL_EACH_QUORUM, CQL_SERIAL, CQL_LOCAL_SERIAL, CQL_LOCAL_ONE
} CqlConsistency;

extern const char *cql_consistency_name(uint16_t consistency);	/* "LOCAL_QUORUM"; "unknown" */
extern int	cql_consistency_from_name(const char *name);	/* any case; -1 if there is none */

/* Parameter flags, in the order their parts follow. */
#define CQL_PARAM_VALUES 0x01	/* [short n] n x [value] */
#define CQL_PARAM_SKIP_METADATA 0x02
#define CQL_PARAM_PAGE_SIZE 0x04	/* [int] */
#define CQL_PARAM_PAGING_STATE 0x08 /* [bytes] */
#define CQL_PARAM_SERIAL 0x10	/* [consistency] */
#define CQL_PARAM_TIMESTAMP 0x20	/* [long] microseconds */

extern void cql_request_startup(CqlBuffer *b, const char *compression,	/* NULL or "lz4" */
								const char *driver_name, const char *driver_version);
extern void cql_request_plain(CqlBuffer *b, const char *user, const char *password);	/* AUTH_RESPONSE */
extern void cql_request_register(CqlBuffer *b, const char *const *types, int n);
extern void cql_request_prepare(CqlBuffer *b, uint8_t version, const char *text, size_t len);

/* In front of a parameter tail: */
extern void cql_request_query_head(CqlBuffer *b, uint8_t version, const char *text, size_t len,
								   uint16_t consistency, uint8_t flags);
/* metadata_id NULL: the connection does not use one; else it is written, length 0 included. */
extern void cql_request_execute_head(CqlBuffer *b, uint8_t version, CqlBytes id,
									 const CqlBytes *metadata_id, uint16_t consistency, uint8_t flags);

/* BATCH's types: a logged one is never sent. */
#define CQL_BATCH_UNLOGGED 1

/* rows times one cql_request_batch_row, then the end, then the tail that flags announce. */
extern void cql_request_batch_begin(CqlBuffer *b, uint8_t type, uint16_t rows);
/* values: [short n] n x [value], for the prepared statement of this id. */
extern void cql_request_batch_row(CqlBuffer *b, CqlBytes id, CqlBytes values);
extern void cql_request_batch_end(CqlBuffer *b, uint8_t version, uint16_t consistency, uint8_t flags);

/* Tail parts behind the values; each only where its flag is set, in this order. */
extern void cql_request_tail(CqlBuffer *b, uint8_t flags, int32_t page_size, CqlBytes paging_state,
							 uint16_t serial, int64_t timestamp);

#endif							/* CQL_REQUEST_H */
