/*
 * fdw/write/encode.h
 *	  Rows as what a request binds.
 *
 * Backend thread. An encoder is one prepared statement's markers, and where their
 * values come from. The encoder lives in the memory context that was current at
 * scyllaMakeEncoder.
 */
#ifndef FDW_WRITE_ENCODE_H
#define FDW_WRITE_ENCODE_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/rel.h"

#include "cql/buffer.h"
#include "fdw/session/session.h"
#include "fdw/session/statement.h"

/* Rows that a value can come from. */
typedef enum ScyllaRowKind
{
	SCYLLA_NEW_ROW,				/* as the table's columns shall be */
	SCYLLA_PLAN_ROW,			/* what the plan has for it: the row's identity */
	SCYLLA_OLD_ROW,				/* as it was read */
	SCYLLA_ROW_KINDS
} ScyllaRowKind;

typedef enum ScyllaNullRule
{
	SCYLLA_NULL_UNSET,			/* leaves the cell alone */
	SCYLLA_NULL_DELETES,
	SCYLLA_NULL_REFUSED			/* keys */
} ScyllaNullRule;

/* A bind marker, and where its value comes from. */
typedef struct ScyllaMarker
{
	AttrNumber	attnum;			/* of the foreign table: names and types its column; invalid: it is about the row */
	ScyllaRowKind row;
	AttrNumber	source;			/* attribute of that row */
	ScyllaNullRule null;
	bool		unless_same;	/* left alone where the old row has the same value */
	bool		difference;		/* a counter: what is to be added to the old row's value */
	bool		ttl;			/* the row's; NULL, or no attribute: the options' */
	bool		timestamp;		/* the row's, and no attribute */
} ScyllaMarker;

typedef struct ScyllaEncoderConfig
{
	ScyllaSession *session;
	Relation	rel;
	const ScyllaStatement *statement;	/* borrowed */
	const ScyllaMarker *marker; /* in the order of the text */
	int			nmarkers;
	int			ttl;			/* of rows that have none of their own; -1: the table's */
	MemoryContext row_context;	/* borrowed; reset with each row */
} ScyllaEncoderConfig;

typedef struct ScyllaEncoder ScyllaEncoder;

/* ERRCODE_FDW_INVALID_DATA_TYPE, naming the column, where a value could not be converted. */
extern ScyllaEncoder *scyllaMakeEncoder(const ScyllaEncoderConfig *config);

/*
 * [short n] n x [value]. rows: by ScyllaRowKind; NULL where no marker takes a value.
 * Raises what is wrong with a value; out of memory sets b->failed.
 */
extern void scyllaEncodeRow(ScyllaEncoder *encoder, TupleTableSlot *const rows[SCYLLA_ROW_KINDS], CqlBuffer *b);

/* Of the row just encoded into b, while it is hot. false: the cluster did not say which markers are its key. */
extern bool scyllaEncodedToken(ScyllaEncoder *encoder, const CqlBuffer *b, int64 *token);

/* Its timestamp, where that is one of the values. */
extern void scyllaPutRowTime(const ScyllaEncoder *encoder, CqlBuffer *b, int64 timestamp);

/* While a row is encoded: the column at work, NULL if all are done, and how many values there are. */
extern const char *scyllaEncodedColumn(const ScyllaEncoder *encoder);
extern int	scyllaEncodedValues(const ScyllaEncoder *encoder);

/* "(id, day) = (42, '2024-02-29')", from an encoded row, of which n values are there. NULL: not the whole key. palloc'd. */
extern char *scyllaKeyText(const ScyllaEncoder *encoder, const uint8_t *row, size_t length, int n);

#endif							/* FDW_WRITE_ENCODE_H */
