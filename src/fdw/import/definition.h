/*
 * fdw/import/definition.h
 *	  What no validator sees of a foreign table: two columns that stand for one of
 *	  the cluster's.
 *
 * Backend thread.
 */
#ifndef FDW_IMPORT_DEFINITION_H
#define FDW_IMPORT_DEFINITION_H

/* Once, when the library is loaded: from then on a WARNING tells of them when a transaction commits that made them. */
extern void scyllaWatchDefinitions(void);

#endif							/* FDW_IMPORT_DEFINITION_H */
