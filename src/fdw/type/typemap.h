/*
 * fdw/type/typemap.h
 *	  Which CQL type meets which PostgreSQL type, and how a value crosses over.
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
#ifndef FDW_TYPE_TYPEMAP_H
#define FDW_TYPE_TYPEMAP_H

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
 * Made in CurrentMemoryContext. ERRCODE_FDW_INVALID_DATA_TYPE if the two types
 * have nothing in common: "CQL type map<text, int> cannot be converted to type
 * integer". The detail names the field or attribute that is why, where there is one.
 */
extern ScyllaConverter *scyllaMakeConverter(const CqlType *type, Oid pgtype, int32 typmod);

/* The same, but NULL where the types have nothing in common. */
extern ScyllaConverter *scyllaTryConverter(const CqlType *type, Oid pgtype, int32 typmod);

/* Whether scyllaMakeConverter would succeed, and nothing of a value would be left out. */
extern bool scyllaTypesMatch(const CqlType *type, Oid pgtype, int32 typmod);

/*
 * The value as JSON text, in the forms that doc/types.md gives; a body
 * with len -1 is null. Malformed bytes raise ERRCODE_DATA_CORRUPTED.
 */
extern void scyllaAppendJson(StringInfo out, const CqlType *type, CqlBytes body);

/*
 * The value as a CQL literal ('it''s', 0xcafe, [1, 2], {a: 1}): for messages, and
 * for text columns over any CQL type.
 */
extern void scyllaAppendLiteral(StringInfo out, const CqlType *type, CqlBytes body);

/* A type's CQL text, palloc'd, in the server's encoding. */
extern char *scyllaCqlTypeName(const CqlType *type);

/* ERRCODE_DATA_CORRUPTED "malformed value of CQL type ..." */
extern void scyllaMalformed(const CqlType *type) __attribute__((noreturn));

/* A text of type name is cut without a word by its own input: ERROR if that would be so. */
extern void scyllaCheckTextLength(const ScyllaConverter *c, int len);

/* What the buffer holds as a palloc'd string, NUL-terminated; the buffer is freed. */
extern char *scyllaTakeText(CqlBuffer *text);

#endif							/* FDW_TYPE_TYPEMAP_H */
