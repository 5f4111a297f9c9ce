/*
 * cql/type.h
 *	  The CQL type tree. type_wire.h and type_text.h build it.
 *
 * Any thread. Source: native_protocol_v5.spec 4.2.5.2 ([option] ids).
 * Trees live in the caller's arena and are immutable once built.
 */
#ifndef CQL_TYPE_H
#define CQL_TYPE_H

#include "cql/buffer.h"

typedef enum CqlTypeId
{
	CQL_TYPE_CUSTOM = 0x00,		/* unknown class: treat as blob */
	CQL_TYPE_ASCII = 0x01,
	CQL_TYPE_BIGINT = 0x02,
	CQL_TYPE_BLOB = 0x03,
	CQL_TYPE_BOOLEAN = 0x04,
	CQL_TYPE_COUNTER = 0x05,
	CQL_TYPE_DECIMAL = 0x06,
	CQL_TYPE_DOUBLE = 0x07,
	CQL_TYPE_FLOAT = 0x08,
	CQL_TYPE_INT = 0x09,
	CQL_TYPE_TIMESTAMP = 0x0B,
	CQL_TYPE_UUID = 0x0C,
	CQL_TYPE_TEXT = 0x0D,
	CQL_TYPE_VARINT = 0x0E,
	CQL_TYPE_TIMEUUID = 0x0F,
	CQL_TYPE_INET = 0x10,
	CQL_TYPE_DATE = 0x11,
	CQL_TYPE_TIME = 0x12,
	CQL_TYPE_SMALLINT = 0x13,
	CQL_TYPE_TINYINT = 0x14,
	CQL_TYPE_DURATION = 0x15,
	CQL_TYPE_LIST = 0x20,
	CQL_TYPE_MAP = 0x21,
	CQL_TYPE_SET = 0x22,
	CQL_TYPE_UDT = 0x30,
	CQL_TYPE_TUPLE = 0x31,
	CQL_TYPE_VECTOR = 0x100		/* ours: on the wire it is a custom class */
} CqlTypeId;

#define CQL_TYPE_MAX_DEPTH 64	/* deeper nesting is refused, not followed */

typedef struct CqlType CqlType;
struct CqlType
{
	CqlTypeId	id;
	uint32_t	count;			/* children: list/set/vector 1, map 2, tuple/UDT n */
	CqlType   **child;
	uint32_t	dimension;		/* vector only */
	bool		frozen;			/* known from class names and schema text only */
	const char *keyspace;		/* UDT */
	const char *name;			/* UDT name, or the class of a custom type */
	const char **field;			/* UDT: count names */
};

/*
 * CQL text of a type ("map<text, frozen<list<int>>>"), appended to out. A NUL
 * follows it that out->len does not count.
 */
extern void cql_type_format(const CqlType *type, CqlBuffer *out);

extern bool cql_type_equal(const CqlType *a, const CqlType *b); /* ignores frozen */

/* Values in the form of type before are ones of type now: equal, or user types have got fields behind those they had. */
extern bool cql_type_accepts(const CqlType *now, const CqlType *before);

/* Bytes of a value of this type inside a vector, or 0 where elements carry a length. */
extern uint32_t cql_type_fixed_size(const CqlType *type);

#endif							/* CQL_TYPE_H */
