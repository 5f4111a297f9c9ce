/*
 * fdw/read/row_key.h
 *	  Whose a value is that cannot be decoded: the key of the row.
 *
 * Backend thread. Lives in the memory context that was current at scyllaMakeRowKey.
 */
#ifndef FDW_READ_ROW_KEY_H
#define FDW_READ_ROW_KEY_H

#include "postgres.h"

#include "fdw/fetch/fetch.h"
#include "fdw/select/select.h"

typedef struct ScyllaRowKey ScyllaRowKey;

/* Of the fetch's rows. NULL: they have no key, as they are computed of all. */
extern ScyllaRowKey *scyllaMakeRowKey(const ScyllaSelect *select, const ScyllaFetch *fetch);

/*
 * For an error context callback, whose previous one is given: adds the line, with
 * the key of the fetch's current row behind it. May not return: an error is then
 * thrown anew.
 */
extern void scyllaKeyContext(const ScyllaRowKey *key, const ScyllaFetch *fetch, ErrorContextCallback *previous,
							 const char *line);

#endif							/* FDW_READ_ROW_KEY_H */
