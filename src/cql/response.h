/*
 * cql/response.h
 *	  Bodies of responses: decoded into structs that borrow from the frame.
 *
 * Any thread. Source: native_protocol_v4.spec and v5.spec sections 4.2, 9.
 * No byte is trusted: each function returns false on anything malformed, counts
 * are checked against the bytes left before anything is allocated, and unknown
 * trailing bytes are ignored. Strings and bytes borrow from the frame's body
 * unless an arena is an argument.
 */
#ifndef CQL_RESPONSE_H
#define CQL_RESPONSE_H

#include "cql/frame.h"
#include "cql/type.h"

/* What may stand before the message, by header flags. Leaves *r at the message. */
typedef struct CqlPrefix
{
	const uint8_t *tracing_id;	/* 16 bytes or NULL */
	CqlReader	warnings;		/* u16 count already read into nwarnings; then [string]s */
	uint16_t	nwarnings;
	CqlReader	payload;		/* pairs of [string][bytes] */
	uint16_t	npayload;
} CqlPrefix;

extern bool cql_response_prefix(const CqlFrame *frame, CqlPrefix *prefix, CqlReader *r);

/* SUPPORTED, AUTHENTICATE */
extern bool cql_response_supported(CqlReader r, const char *key, CqlReader *values, uint16_t *count);
 /* true if the multimap is well formed; *count 0 and values empty if key is absent */
extern bool cql_response_supported_has(CqlReader r, const char *key, const char *value);
extern bool cql_response_supported_prefix(CqlReader r, const char *prefix); /* some key starts with it */
extern bool cql_response_authenticate(CqlReader r, CqlString *class_name);

typedef enum CqlErrorCode
{
	CQL_ERR_SERVER = 0x0000,
	CQL_ERR_PROTOCOL = 0x000A,
	CQL_ERR_CREDENTIALS = 0x0100,
	CQL_ERR_UNAVAILABLE = 0x1000,
	CQL_ERR_OVERLOADED = 0x1001,
	CQL_ERR_BOOTSTRAPPING = 0x1002,
	CQL_ERR_TRUNCATE = 0x1003,
	CQL_ERR_WRITE_TIMEOUT = 0x1100,
	CQL_ERR_READ_TIMEOUT = 0x1200,
	CQL_ERR_READ_FAILURE = 0x1300,
	CQL_ERR_FUNCTION_FAILURE = 0x1400,
	CQL_ERR_WRITE_FAILURE = 0x1500,
	CQL_ERR_CDC_WRITE_FAILURE = 0x1600,
	CQL_ERR_CAS_WRITE_UNKNOWN = 0x1700,
	CQL_ERR_SYNTAX = 0x2000,
	CQL_ERR_UNAUTHORIZED = 0x2100,
	CQL_ERR_INVALID = 0x2200,
	CQL_ERR_CONFIG = 0x2300,
	CQL_ERR_ALREADY_EXISTS = 0x2400,
	CQL_ERR_UNPREPARED = 0x2500,
	CQL_ERR_RATE_LIMIT = 0xF000 /* ScyllaDB: the value it names in SUPPORTED, in practice this one */
} CqlErrorCode;

typedef enum CqlWriteType
{
	CQL_WRITE_OTHER, CQL_WRITE_SIMPLE, CQL_WRITE_BATCH, CQL_WRITE_UNLOGGED_BATCH, CQL_WRITE_COUNTER,
	CQL_WRITE_BATCH_LOG, CQL_WRITE_CAS, CQL_WRITE_VIEW, CQL_WRITE_CDC
} CqlWriteType;

/* A decoded ERROR. Fields that its code does not carry are zero. */
typedef struct CqlError
{
	uint32_t	code;
	CqlString	message;
	uint16_t	consistency;
	int32_t		received;		/* unavailable: alive */
	int32_t		required;		/* block for */
	int32_t		failures;		/* nodes that failed: 0x1300, 0x1500 */
	CqlWriteType write_type;
	bool		data_present;
	CqlBytes	unprepared_id;
	CqlString	keyspace;		/* already exists, function failure */
	CqlString	name;			/* table or function */
} CqlError;

extern bool cql_response_error(CqlReader r, uint8_t version, CqlError *error);

typedef enum CqlResultKind
{
	CQL_RESULT_VOID = 1, CQL_RESULT_ROWS, CQL_RESULT_SET_KEYSPACE, CQL_RESULT_PREPARED, CQL_RESULT_SCHEMA_CHANGE
} CqlResultKind;

/* Reads [int kind]; 0 if unknown or short. */
extern CqlResultKind cql_response_result_kind(CqlReader *r);

typedef struct CqlColumn
{
	const char *keyspace;		/* arena, NUL-terminated */
	const char *table;
	const char *name;
	CqlType    *type;
} CqlColumn;

typedef struct CqlMetadata
{
	uint32_t	flags;			/* u32: ScyllaDB may set bit 31 */
	uint32_t	count;
	CqlColumn  *column;			/* NULL when the response left metadata out */
	CqlBytes	paging_state;	/* len -1 when there is no further page; borrowed */
	CqlBytes	new_metadata_id;	/* len -1 when unchanged; borrowed */
	uint16_t	pk_count;		/* bind metadata of PREPARED only */
	uint16_t   *pk_index;		/* partition key component -> bind marker */
} CqlMetadata;

#define CQL_METADATA_GLOBAL 0x01
#define CQL_METADATA_MORE_PAGES 0x02
#define CQL_METADATA_NONE 0x04
#define CQL_METADATA_CHANGED 0x08

/* Rows: r behind the kind. Leaves *r at the first value of the first row. */
extern bool cql_response_rows(CqlReader *r, CqlArena *arena, CqlMetadata *metadata, uint32_t *nrows);

typedef struct CqlPrepared
{
	CqlBytes	id;				/* borrowed */
	CqlBytes	metadata_id;	/* len -1 where the connection has none; borrowed */
	CqlMetadata bind;
	CqlMetadata result;
} CqlPrepared;

/* has_metadata_id: v5, or v4 with ScyllaDB's extension, of the connection used. */
extern bool cql_response_prepared(CqlReader *r, bool has_metadata_id, CqlArena *arena, CqlPrepared *p);

typedef enum CqlEventKind
{
	CQL_EVENT_OTHER, CQL_EVENT_NEW_NODE, CQL_EVENT_REMOVED_NODE, CQL_EVENT_MOVED_NODE,
	CQL_EVENT_UP, CQL_EVENT_DOWN, CQL_EVENT_SCHEMA
} CqlEventKind;

typedef struct CqlEvent
{
	CqlEventKind kind;
	CqlBytes	address;		/* 4 or 16 bytes */
	uint16_t	port;
	CqlString	change;			/* CREATED, UPDATED, DROPPED */
	CqlString	target;			/* KEYSPACE, TABLE, TYPE, FUNCTION, AGGREGATE */
	CqlString	keyspace;
	CqlString	name;			/* empty for a keyspace */
} CqlEvent;

extern bool cql_response_event(CqlReader r, CqlEvent *event);
extern bool cql_response_schema_change(CqlReader r, CqlEvent *event);	/* RESULT kind 5 */

#endif							/* CQL_RESPONSE_H */
