/*
 * fdw/read/decode.h
 *	  Rows of a fetch, as PostgreSQL's.
 *
 * Backend thread. Lives in the memory context that was current at
 * scyllaMakeDecoder. Every page has its own metadata and is decoded by it.
 */
#ifndef FDW_READ_DECODE_H
#define FDW_READ_DECODE_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "fdw/fetch/fetch.h"
#include "fdw/select/select.h"

typedef struct ScyllaDecoder ScyllaDecoder;

/*
 * desc: of the slots to be filled. of_table: their attributes are those of the
 * foreign table, and messages name its columns.
 */
extern ScyllaDecoder *scyllaMakeDecoder(const ScyllaSelect *select, TupleDesc desc, bool of_table);

/* The fetch's current row. Values go to row_context and to the page: both must outlive the slot's use. */
extern void scyllaDecodeRow(ScyllaDecoder *decoder, const ScyllaFetch *fetch, MemoryContext row_context,
							TupleTableSlot *slot);

/* Attributes of the slot that are filled: int list. */
extern List *scyllaDecodedAttributes(const ScyllaSelect *select);

#endif							/* FDW_READ_DECODE_H */
