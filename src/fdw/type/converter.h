/*
 * fdw/type/converter.h
 *	  A converter between a CQL type and a PostgreSQL type, and what all of them share.
 *
 * Backend thread. A converter belongs to the memory context it was made in and
 * is used by one statement. Everything that a converter allocates per value goes
 * to CurrentMemoryContext, which the caller resets per row.
 *
 * Errors are raised by ereport with PostgreSQL's usual SQLSTATE and a primary
 * message about the value alone ("smallint value 300 is out of range for CQL type
 * tinyint"); the caller's error context adds column, table and row. Nothing that
 * would lose information is converted.
 */
#ifndef FDW_TYPE_CONVERTER_H
#define FDW_TYPE_CONVERTER_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "cql/type.h"
#include "cql/value.h"

typedef struct ScyllaConverter ScyllaConverter;

struct ScyllaConverter
{
	/* Append the body of a value (no length in front). The Datum is never NULL. */
	void		(*encode) (ScyllaConverter *self, Datum value, CqlBuffer *out);
	/* Body (len >= 0, borrowed) to a Datum; *isnull for an empty body of a type without an empty value. */
	Datum		(*decode) (ScyllaConverter *self, CqlBytes body, bool *isnull);

	/* What the column's domain says of NULL; NULL: nothing. */
	void		(*check_null) (ScyllaConverter *self);

	const CqlType *cql;			/* borrowed */
	Oid			pgtype;			/* of the column, a domain included */
	int32		typmod;

	/* private to the converters */
	Oid			basetype;		/* pgtype below its domains */
	int16		typlen;			/* of basetype; of its elements where that is an array */
	bool		typbyval;
	char		typalign;
	FmgrInfo	input;			/* text form */
	FmgrInfo	output;
	Oid			ioparam;
	ScyllaConverter **child;	/* elements, keys and values, fields */
	int			nchildren;
	bool		partial;		/* it lacks fields of a user type */
	void	   *extra;
};

/* Of a body with len -1, too: NULL. */
static inline Datum
scyllaDecode(ScyllaConverter *c, CqlBytes body, bool *isnull)
{
	if (body.len >= 0)
		return c->decode(c, body, isnull);
	*isnull = true;
	if (c->check_null != NULL)
		c->check_null(c);
	return (Datum) 0;
}

/*
 * Whoever makes a converter of a collection hands this along, for its elements or
 * fields. NULL: the types have nothing in common.
 */
typedef ScyllaConverter *(*ScyllaMakeChild) (const CqlType *type, Oid pgtype, int32 typmod);

/* ---- names and errors ---- */

/* A type's CQL text, palloc'd, in the server's encoding. */
extern char *scyllaCqlTypeName(const CqlType *type);

/* ERRCODE_DATA_CORRUPTED "malformed value of CQL type ..." */
extern void scyllaMalformed(const CqlType *type) __attribute__((noreturn));

/* What the buffer holds as a palloc'd string, NUL-terminated; the buffer is freed. */
extern char *scyllaTakeText(CqlBuffer *text);

/* "value of type x cannot be converted to CQL type y: why", and the other way round */
extern void scyllaRaiseLossy(ScyllaConverter *self, int sqlstate, const char *why) __attribute__((noreturn));
extern void scyllaRaiseUnreadable(ScyllaConverter *self, int sqlstate, const char *why) __attribute__((noreturn));

/* The size of the body must be the type's; no bytes at all are NULL. */
static inline bool
scyllaBodyHas(ScyllaConverter *self, CqlBytes body, int32 size, bool *isnull)
{
	Assert(body.len >= 0);
	*isnull = body.len == 0;
	if (body.len == size)
		return true;
	if (body.len != 0)
		scyllaMalformed(self->cql);
	return false;
}

/* ---- choice ---- */

/* A pair of types and the two functions between them, in a table. */
typedef struct ScyllaPair
{
	CqlTypeId	cql;
	Oid			pg;
	void		(*encode) (ScyllaConverter *self, Datum value, CqlBuffer *out);
	Datum		(*decode) (ScyllaConverter *self, CqlBytes body, bool *isnull);
} ScyllaPair;

/* Sets encode and decode if the pair of c->cql and c->basetype is one of them. */
extern bool scyllaChoosePair(ScyllaConverter *c, const ScyllaPair *pairs, size_t n);

/* Looks up how c->basetype is written as text, and read. */
extern void scyllaUseTextForm(ScyllaConverter *c);

/* ---- elements ---- */

/* ERRCODE_NULL_VALUE_NOT_ALLOWED: collections hold no nulls. */
extern void scyllaRefuseNull(const CqlType *type) __attribute__((noreturn));

/* ERRCODE_DATA_EXCEPTION unless the vector type has n dimensions. */
extern void scyllaCheckDimension(const CqlType *type, int64 n);

/*
 * Bracket around an element, key or value inside a collection, tuple or user type:
 * a length of four bytes, in a vector whatever its element type asks for.
 */
extern size_t scyllaBeginElement(CqlBuffer *out, const CqlType *type);
extern void scyllaEndElement(CqlBuffer *out, const CqlType *type, size_t mark);

/* Begins to read; a list, set or map without any bytes is an empty one. */
extern void scyllaBeginElements(CqlElements *it, const CqlType *type, CqlBytes body);

#endif							/* FDW_TYPE_CONVERTER_H */
