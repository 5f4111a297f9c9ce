/*
 * cql/value.h
 *	  Value coding that needs more than a byte swap.
 *
 * Any thread. Source: native_protocol_v5.spec section 6; golden bytes read from
 * a server. "Body" means the bytes behind a [value]'s length. Plain integers and
 * floats are cql_put_u8 .. cql_put_u64 of their bits.
 */
#ifndef CQL_VALUE_H
#define CQL_VALUE_H

#include "cql/buffer.h"
#include "cql/type.h"

/* [unsigned vint] and zigzag [vint] */
extern void cql_put_unsigned_vint(CqlBuffer *b, uint64_t v);
extern uint64_t cql_get_unsigned_vint(CqlReader *r);
extern void cql_put_vint(CqlBuffer *b, int64_t v);
extern int64_t cql_get_vint(CqlReader *r);

/* n floats / doubles, native to big-endian; loops the compiler vectorises. */
extern void cql_put_floats(CqlBuffer *b, const float *v, size_t n);
extern void cql_get_floats(const uint8_t *src, float *v, size_t n);
extern void cql_put_doubles(CqlBuffer *b, const double *v, size_t n);
extern void cql_get_doubles(const uint8_t *src, double *v, size_t n);

typedef struct CqlDuration
{
	int32_t		months;
	int32_t		days;
	int64_t		nanos;			/* all three >= 0 or all <= 0 */
} CqlDuration;

extern bool cql_duration_valid(const CqlDuration *d);	/* one sign only */
extern void cql_put_duration(CqlBuffer *b, const CqlDuration *d);
extern bool cql_get_duration(CqlBytes body, CqlDuration *d);

/*
 * Elements of a list, set, map (keys and values alternate), tuple, UDT or
 * vector, one at a time. A short tuple or UDT yields nulls for its missing tail.
 *
 *	 cql_elements_begin(&it, type, body); while (cql_elements_next(&it, &type, &value)) ...
 *	 if (it.r.failed) malformed, from begin on
 *
 * At the end a list, set, map or vector with bytes left over fails; a tuple or
 * UDT value may be longer than its type (ALTER TYPE), which is ignored.
 */
typedef struct CqlElements
{
	CqlReader	r;
	const CqlType *type;
	uint32_t	index;
	uint32_t	count;			/* elements; for maps keys + values */
	uint32_t	fixed;			/* vector of fixed-size elements */
} CqlElements;

extern bool cql_elements_begin(CqlElements *it, const CqlType *type, CqlBytes body);	/* false: malformed */
extern bool cql_elements_next(CqlElements *it, const CqlType **type, CqlBytes *value);

/* Writing: list, set, map begin with a count; a vector's element has its own length rule. */
extern void cql_put_element_count(CqlBuffer *b, uint32_t n);
/* Bracket around one vector element: moves the bytes to make room for a vint length. */
extern size_t cql_begin_vector_element(CqlBuffer *b);
extern void cql_end_vector_element(CqlBuffer *b, size_t mark, const CqlType *element);

/* date: days from the epoch; the wire adds 2^31. */
#define CQL_DATE_EPOCH 0x80000000u
#define CQL_NANOS_PER_DAY INT64_C(86400000000000)

extern bool cql_utf8_valid(const uint8_t *s, size_t len);	/* strict, NUL allowed */
extern bool cql_ascii_valid(const uint8_t *s, size_t len);

/* 36 characters, lower case, NUL-terminated into out[37]. */
extern void cql_uuid_format(const uint8_t uuid[16], char *out);
extern bool cql_uuid_parse(const char *text, size_t len, uint8_t out[16]);

#endif							/* CQL_VALUE_H */
