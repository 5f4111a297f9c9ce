/*
 * fdw/catalog/mask.h
 *	  Columns that the cluster shows masked to this role (dynamic data masking).
 *
 * Backend thread. A row whose key reads as a mask cannot be written back: the mask
 * would be its key.
 */
#ifndef FDW_CATALOG_MASK_H
#define FDW_CATALOG_MASK_H

#include "fdw/catalog/table.h"

/* A column that has a mask, whoever reads it. UTF-8. */
typedef struct ScyllaMask
{
	char	   *table;
	char	   *column;
} ScyllaMask;

typedef enum ScyllaMasking
{
	SCYLLA_UNMASKED,			/* this role sees the values */
	SCYLLA_MASKED,
	SCYLLA_MASKING_UNKNOWN		/* the cluster does not say which */
} ScyllaMasking;

/* Of a table, or of the whole keyspace (NULL): ScyllaMask *. NIL too where the cluster knows no masks. */
extern List *scyllaReadMasks(ScyllaSession *session, const ScyllaTableOptions *options, const char *keyspace,
							 const char *table);

/* What this role sees in such columns of the options' table. Others may change that at any time. */
extern ScyllaMasking scyllaMaskingOf(ScyllaSession *session, const ScyllaTableOptions *options);

/*
 * An error if a key column is masked for this role, or may be. A request or two
 * once per description, and where a key column has a mask.
 */
extern void scyllaCheckMaskedKey(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaTable *table,
								 const char *relation);

#endif							/* FDW_CATALOG_MASK_H */
