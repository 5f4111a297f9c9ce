/*
 * fdw/type/scalar_text.h
 *	  The text form of CQL scalars, the common ground of JSON and CQL literals.
 *
 * Backend thread. Text is in the server's encoding, without quotes.
 */
#ifndef FDW_TYPE_SCALAR_TEXT_H
#define FDW_TYPE_SCALAR_TEXT_H

#include "fdw/type/converter.h"

/*
 * More digits than this fit no numeric, and the cost of converting them grows with
 * the square of their number.
 */
#define SCYLLA_MAX_VARINT_DIGITS 131072
#define SCYLLA_MAX_VARINT_BYTES 54428
#define SCYLLA_MAX_DECIMAL_SCALE 16383
#define SCYLLA_MAX_DECIMAL_CHARS (SCYLLA_MAX_VARINT_DIGITS + SCYLLA_MAX_DECIMAL_SCALE + 3)

static inline bool
scyllaIsText(const CqlType *type)
{
	return type->id == CQL_TYPE_TEXT || type->id == CQL_TYPE_ASCII;
}

/* An unknown class is opaque bytes. */
static inline bool
scyllaIsBlob(const CqlType *type)
{
	return type->id == CQL_TYPE_BLOB || type->id == CQL_TYPE_CUSTOM;
}

static inline bool
scyllaIsScalar(const CqlType *type)
{
	return type->id < CQL_TYPE_LIST;
}

/* A body of no bytes, of a type that has no empty value in PostgreSQL. */
static inline bool
scyllaIsEmptyScalar(const CqlType *type, CqlBytes body)
{
	return body.len == 0 && scyllaIsScalar(type) && !scyllaIsText(type) && !scyllaIsBlob(type);
}

/*
 * Text and ascii, checked and converted between the server's encoding and UTF-8.
 * What get returns may be the body itself: it is not NUL-terminated.
 */
extern void scyllaPutText(CqlBuffer *out, const CqlType *type, const char *text, int len);
extern const char *scyllaGetText(const CqlType *type, CqlBytes body, int *len);

/* The number of a varint or decimal body, in plain notation as far as numeric might hold it: ERROR if it does not. */
extern char *scyllaGetNumber(const CqlType *type, CqlBytes body);
/* Of a varint or decimal, whether numeric holds it. text: its form by scyllaAppendScalarText. */
extern bool scyllaFitsNumeric(const CqlType *type, CqlBytes body, const char *text);
/* The other way; text is what numeric_out gives. */
extern void scyllaPutVarint(CqlBuffer *out, const CqlType *type, const char *text, int len);
extern void scyllaPutDecimal(CqlBuffer *out, const CqlType *type, const char *text, int len);

/* A timeuuid must be of version 1. */
extern void scyllaCheckUuid(const CqlType *type, const uint8 *uuid);

/* Any scalar. The body is neither null nor scyllaIsEmptyScalar. */
extern void scyllaPutScalarText(CqlBuffer *out, const CqlType *type, const char *text, int len);
extern void scyllaAppendScalarText(StringInfo out, const CqlType *type, CqlBytes body);
/* A duration as ISO 8601, which PostgreSQL and JSON readers know. */
extern void scyllaAppendIsoDuration(StringInfo out, const CqlType *type, CqlBytes body);

#endif							/* FDW_TYPE_SCALAR_TEXT_H */
