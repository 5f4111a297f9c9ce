/*
 * fdw/load/reject.h
 *	  What becomes of rows that a converter or the cluster refuses.
 *
 * Backend thread.
 */
#ifndef FDW_LOAD_REJECT_H
#define FDW_LOAD_REJECT_H

#include "fdw/option/option.h"
#include "fdw/write/refusal.h"

/* For a write of a foreign table with these options. */
extern ScyllaRejects *scyllaChooseRejects(const ScyllaTableOptions *options);

#endif							/* FDW_LOAD_REJECT_H */
