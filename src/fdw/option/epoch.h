/*
 * fdw/option/epoch.h
 *	  Whether what was looked up in catalogs and settings may have changed.
 *
 * Backend thread. A statement that inserts one row spends more time on looking
 * options up than on the row: what was found is remembered, together with the
 * epoch, and used again while that is the same.
 */
#ifndef FDW_OPTION_EPOCH_H
#define FDW_OPTION_EPOCH_H

#include "postgres.h"

extern void scyllaWatchCatalogs(void);	/* from _PG_init */

/* Another number after each change of a relation, its columns, a server, user mapping, role or setting of ours. */
extern uint64 scyllaEpoch(void);
extern void scyllaNextEpoch(void);

#endif							/* FDW_OPTION_EPOCH_H */
